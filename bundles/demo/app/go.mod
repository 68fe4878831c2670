module goferry.example/demo

go 1.27.0

require (
	github.com/google/uuid v1.6.0
	github.com/spf13/pflag v1.0.5
	golang.org/x/text v0.21.0
)
