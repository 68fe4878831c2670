// Asks Go itself: reads questions on standard input, a JSON object a line, and answers each with one. Tests start it, so
// that no verdict of Go is written down by hand.
package main

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"strings"

	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"
)

type question struct {
	Kind, File, Name, Path, Version string
}

type entry struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	Mode int64  `json:"mode"`
}

type answer struct {
	Error   string  `json:"error"`
	Entries []entry `json:"entries"`
	// Base64 of what was decoded.
	Data string `json:"data"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			panic(err)
		}
		a, err := judge(q)
		if err != nil {
			a.Error = err.Error()
		}
		if err := out.Encode(a); err != nil {
			panic(err)
		}
	}
}

func judge(q question) (answer, error) {
	switch q.Kind {
	case "tar":
		return readTar(q.File)
	case "zip":
		return answer{}, readZip(q.File)
	case "module zip":
		checked, err := modzip.CheckZip(module.Version{Path: q.Path, Version: q.Version}, q.File)
		if err == nil {
			err = checked.Err()
		}
		return answer{}, err
	case "name":
		return answer{}, module.CheckFilePath(q.Name)
	case "decode":
		data, err := decode(q.File)
		return answer{Data: base64.StdEncoding.EncodeToString(data)}, err
	}
	panic(q.Kind)
}

func readTar(file string) (answer, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	r := tar.NewReader(bytes.NewReader(data))
	var a answer
	for {
		h, err := r.Next()
		if err == io.EOF {
			return a, nil
		}
		if err != nil {
			return a, err
		}
		if _, err := io.Copy(io.Discard, io.LimitReader(r, 1<<20)); err != nil {
			return a, err
		}
		a.Entries = append(a.Entries, entry{h.Name, h.Size, h.Mode})
	}
}

func readZip(file string) error {
	r, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer r.Close()
	for _, f := range r.File {
		content, err := f.Open()
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, content); err != nil {
			return err
		}
	}
	return nil
}

func decode(file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	if strings.HasSuffix(file, ".base64") {
		return base64.StdEncoding.DecodeString(strings.TrimSpace(string(data)))
	}
	return io.ReadAll(io.LimitReader(bzip2.NewReader(bytes.NewReader(data)), 8<<20))
}
