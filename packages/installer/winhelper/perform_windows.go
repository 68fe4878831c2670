package main

import (
	"path/filepath"
	"syscall"
	"unsafe"
)

// perform makes one call. The verbs stand in the order of system.ts.
func perform(c call) (any, *failure) {
	switch c.Do {
	case "account":
		return describeAccount()
	case "readValue":
		return readValue(c.Key, c.Name)
	case "writeValue":
		return nil, writeValue(c.Key, c.Name, c.Type, c.Data)
	case "deleteValue":
		return deleteValue(c.Key, c.Name)
	case "subkeys":
		return subkeys(c.Key)
	case "makeKey":
		return makeKey(c.Key)
	case "deleteEmptyKey":
		return deleteEmptyKey(c.Key)
	case "announce":
		return nil, announce()
	case "accessOf":
		return accessOf(c.Path)
	case "setAccess":
		return nil, setAccess(c.Path, c.Access)
	case "volume":
		return describeVolume(c.Path)
	case "holders":
		return holders(c.Paths)
	case "logEvent":
		return nil, logEvent(c)
	}
	return nil, &failure{Code: 1, In: "winhelper", Text: "no such call: " + c.Do}
}

// Libraries are loaded from the folder of the system by their full path: this program may lie where others write.
var (
	kernel32 = syscall.NewLazyDLL("kernel32.dll")
	advapi32 = systemLibrary("advapi32.dll")
	user32   = systemLibrary("user32.dll")
	rstrtmgr = systemLibrary("rstrtmgr.dll")
	mpr      = systemLibrary("mpr.dll")
)

func systemLibrary(name string) *syscall.LazyDLL {
	buffer := make([]uint16, syscall.MAX_PATH)
	n, _, _ := kernel32.NewProc("GetSystemDirectoryW").Call(uintptr(unsafe.Pointer(&buffer[0])), uintptr(len(buffer)))
	return syscall.NewLazyDLL(filepath.Join(syscall.UTF16ToString(buffer[:n]), name))
}

// failed describes an error number of the system.
func failed(in string, code uintptr) *failure {
	return &failure{Code: uint32(code), In: in, Text: syscall.Errno(code).Error()}
}

// failedLast is failed for a function whose error number is the thread's last error, as LazyProc.Call gives it.
func failedLast(in string, err error) *failure {
	if errno, ok := err.(syscall.Errno); ok && errno != 0 {
		return failed(in, uintptr(errno))
	}
	return &failure{Code: 1, In: in, Text: err.Error()}
}

// wide is a string as Windows wants it. A NUL inside, which no path or name may have, ends it.
func wide(text string) *uint16 {
	out, err := syscall.UTF16PtrFromString(text)
	if err != nil {
		empty := uint16(0)
		return &empty
	}
	return out
}
