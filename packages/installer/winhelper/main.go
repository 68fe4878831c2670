// Winhelper does for goferry on Windows what Node cannot: the registry without code pages, the broadcast of a changed
// environment, access lists, who holds a file, the event log. It has no settings, reads no file and dials nobody: each
// line of standard input is a JSON document that names calls, and for each it writes a line with an answer to each call.
// It ends with its input.
//
//	{"calls":[{"do":"readValue","key":"HKCU\\Environment","name":"Path"}]}
//	{"answers":[{"ok":{"type":2,"data":"JQBzAA=="}}]}
//
// The calls are those of packages/installer/src/windows/system.ts, which says what each is for. A call that Windows
// refuses gives {"error":{"code":5,"in":"RegSetValueExW"}}; those after it are not made.
//
// Only the standard library, so that it is built without a network by any Go of 1.21 or later.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// A call, with the fields that its verb needs.
type call struct {
	Do   string `json:"do"`
	Key  string `json:"key"`
	Name string `json:"name"`
	// Of a value: REG_SZ is 1, REG_EXPAND_SZ 2. Data is base64 in JSON: the bytes as the registry has them.
	Type  uint32   `json:"type"`
	Data  []byte   `json:"data"`
	Path  string   `json:"path"`
	Paths []string `json:"paths"`
	// Of an access list, in the language of security descriptors (SDDL).
	Access string `json:"access"`
	// Of an event.
	Source string `json:"source"`
	Event  uint32 `json:"event"`
	Level  string `json:"level"`
	Text   string `json:"text"`
}

type failure struct {
	// Of the system: 5 is "access denied".
	Code uint32 `json:"code"`
	// The function that failed.
	In   string `json:"in"`
	Text string `json:"text"`
}

type answer struct {
	OK    any      `json:"ok"`
	Error *failure `json:"error,omitempty"`
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "winhelper:", err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer) error {
	decoder := json.NewDecoder(in)
	decoder.DisallowUnknownFields()
	for {
		var request struct {
			Calls []call `json:"calls"`
		}
		if err := decoder.Decode(&request); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("the request is not understood: %w", err)
		}
		answers := []answer{}
		for _, each := range request.Calls {
			result, failed := perform(each)
			answers = append(answers, answer{OK: result, Error: failed})
			if failed != nil {
				break
			}
		}
		if err := json.NewEncoder(out).Encode(map[string]any{"answers": answers}); err != nil {
			return err
		}
	}
}
