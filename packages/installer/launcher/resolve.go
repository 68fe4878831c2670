package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	mark      = "goferry-link: "
	lineLimit = 512
)

// resolve returns the absolute path of the program that the launcher at the absolute path own stands for.
func resolve(own string) (string, error) {
	target, err := readLink(own)
	if err != nil {
		return "", err
	}
	root := filepath.Dir(filepath.Dir(own))
	inRoot, ok := strings.CutPrefix(target, "../")
	if !ok {
		return "", errors.New(own + " leads out of its root: " + target)
	}
	if rest, ok := strings.CutPrefix(inRoot, "current/"); ok {
		folder, err := readLink(filepath.Join(root, "current"))
		if err != nil {
			return "", err
		}
		inRoot = folder + "/" + rest
	}
	if !filepath.IsLocal(filepath.FromSlash(inRoot)) {
		return "", errors.New(own + " leads out of its root: " + target)
	}
	return filepath.Join(root, filepath.FromSlash(inRoot)), nil
}

// readLink returns the target in the last line of a file.
func readLink(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	tail := make([]byte, min(end, lineLimit))
	if _, err := file.ReadAt(tail, end-int64(len(tail))); err != nil {
		return "", err
	}
	text := string(tail)
	at := strings.LastIndex(text, mark)
	target, ok := strings.CutSuffix(text[max(at, 0):], "\n")
	if at < 0 || !ok || strings.Contains(target, "\n") {
		return "", errors.New(path + " does not say where it leads")
	}
	return strings.TrimPrefix(target, mark), nil
}
