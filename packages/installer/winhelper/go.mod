module goferry.example/winhelper

go 1.21
