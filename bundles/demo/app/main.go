// Demo prints the departure board of a ferry. It is a small program with real dependencies, to be built where there
// is no network.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"
	"golang.org/x/text/language"

	"goferry.example/demo/board"
)

func main() {
	lang := pflag.StringP("lang", "l", "en", "language of the numbers, as a BCP 47 tag")
	port := pflag.String("port", "Offline Harbor", "where the ferries leave from")
	pflag.Parse()

	tag, err := language.Parse(*lang)
	if err != nil {
		fmt.Fprintf(os.Stderr, "demo: --lang %s: %v\n", *lang, err)
		os.Exit(2)
	}
	fmt.Print(board.Render(*port, tag, board.Sailings))
}
