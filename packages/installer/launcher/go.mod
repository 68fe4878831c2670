module goferry.example/launcher

go 1.23
