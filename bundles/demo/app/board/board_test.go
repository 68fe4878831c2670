package board

import (
	"strings"
	"testing"

	"golang.org/x/text/language"
)

func TestNumbersAreWrittenAsTheLanguageDoes(t *testing.T) {
	sailings := []Sailing{{"06:40", "Air Gap Island", 1_380_000}}
	for lang, want := range map[string]string{"en": "1,380,000 kg", "de": "1.380.000 kg", "de-CH": "1’380’000 kg"} {
		if got := Render("Offline Harbor", language.MustParse(lang), sailings); !strings.Contains(got, want) {
			t.Errorf("in %s: %q has no %q", lang, got, want)
		}
	}
}

func TestReferenceStaysTheSame(t *testing.T) {
	s := Sailings[0]
	if a, b := reference("A", s), reference("A", s); a != b {
		t.Errorf("%s, then %s", a, b)
	}
	if a, b := reference("A", s), reference("B", s); a == b {
		t.Errorf("two ports share the reference %s", a)
	}
}
