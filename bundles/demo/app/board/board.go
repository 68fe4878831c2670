// Package board renders departure boards.
package board

import (
	"strings"

	"github.com/google/uuid"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// A Sailing is one departure.
type Sailing struct {
	Time, To string
	// Freight is in kilograms.
	Freight int
}

// Sailings is today's timetable.
var Sailings = []Sailing{
	{"06:40", "Air Gap Island", 1_380_000},
	{"09:15", "Checksum Point", 253_118},
	{"17:30", "Proof Harbor", 71_800_000},
}

// Render returns the board of a port, a line for each sailing, with numbers as the language writes them. The same
// sailing has the same reference on every board.
func Render(port string, lang language.Tag, sailings []Sailing) string {
	var b strings.Builder
	p := message.NewPrinter(lang)
	p.Fprintf(&b, "Departures from %s\n", port)
	for _, s := range sailings {
		p.Fprintf(&b, "%s  %-15s %14d kg  %s\n", s.Time, s.To, s.Freight, reference(port, s))
	}
	return b.String()
}

func reference(port string, s Sailing) string {
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte(port+"/"+s.Time+"/"+s.To))
	return id.String()[:8]
}
