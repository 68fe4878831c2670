package main

import (
	"strings"
	"syscall"
	"unsafe"
)

// The 64-bit view, whatever Windows makes of this program: what services and shells read.
const view = 0x0100 // KEY_WOW64_64KEY

const (
	fileNotFound = 2   // ERROR_FILE_NOT_FOUND: no such key or value
	moreData     = 234 // ERROR_MORE_DATA
	noMoreItems  = 259 // ERROR_NO_MORE_ITEMS
)

var (
	regCreateKeyEx  = advapi32.NewProc("RegCreateKeyExW")
	regOpenKeyEx    = advapi32.NewProc("RegOpenKeyExW")
	regCloseKey     = advapi32.NewProc("RegCloseKey")
	regQueryValueEx = advapi32.NewProc("RegQueryValueExW")
	regSetValueEx   = advapi32.NewProc("RegSetValueExW")
	regDeleteValue  = advapi32.NewProc("RegDeleteValueW")
	regEnumKeyEx    = advapi32.NewProc("RegEnumKeyExW")
	regQueryInfoKey = advapi32.NewProc("RegQueryInfoKeyW")
	regDeleteKeyEx  = advapi32.NewProc("RegDeleteKeyExW")
	regFlushKey     = advapi32.NewProc("RegFlushKey")
)

type value struct {
	Type uint32 `json:"type"`
	Data []byte `json:"data"`
}

// hive splits "HKCU\Environment" into the handle of the hive and the rest.
func hive(key string) (uintptr, string, *failure) {
	top, rest, _ := strings.Cut(key, `\`)
	switch top {
	case "HKCU":
		return 0x80000001, rest, nil
	case "HKLM":
		return 0x80000002, rest, nil
	}
	return 0, "", &failure{Code: 87, In: "winhelper", Text: "no such hive: " + key}
}

// open gives 0 for a key that does not exist.
func open(key string, access uintptr) (uintptr, *failure) {
	top, rest, bad := hive(key)
	if bad != nil {
		return 0, bad
	}
	var handle uintptr
	code, _, _ := regOpenKeyEx.Call(top, uintptr(unsafe.Pointer(wide(rest))), 0, access|view, uintptr(unsafe.Pointer(&handle)))
	if code == fileNotFound {
		return 0, nil
	}
	if code != 0 {
		return 0, failed("RegOpenKeyExW", code)
	}
	return handle, nil
}

func readValue(key, name string) (any, *failure) {
	handle, bad := open(key, syscall.KEY_QUERY_VALUE)
	if handle == 0 || bad != nil {
		return nil, bad
	}
	defer regCloseKey.Call(handle)
	for size := uint32(4096); ; {
		var kind uint32
		data := make([]byte, size)
		code, _, _ := regQueryValueEx.Call(handle, uintptr(unsafe.Pointer(wide(name))), 0,
			uintptr(unsafe.Pointer(&kind)), uintptr(unsafe.Pointer(&data[0])), uintptr(unsafe.Pointer(&size)))
		switch code {
		case 0:
			return value{Type: kind, Data: data[:size]}, nil
		case fileNotFound:
			return nil, nil
		case moreData:
			continue
		}
		return nil, failed("RegQueryValueExW", code)
	}
}

// makeKey says whether it made the key; false when it was there.
func makeKey(key string) (any, *failure) {
	handle, made, bad := create(key)
	if bad != nil {
		return nil, bad
	}
	regCloseKey.Call(handle)
	return made, nil
}

func create(key string) (uintptr, bool, *failure) {
	top, rest, bad := hive(key)
	if bad != nil {
		return 0, false, bad
	}
	var handle uintptr
	var disposition uint32
	code, _, _ := regCreateKeyEx.Call(top, uintptr(unsafe.Pointer(wide(rest))), 0, 0, 0,
		syscall.KEY_SET_VALUE|syscall.KEY_QUERY_VALUE|view, 0,
		uintptr(unsafe.Pointer(&handle)), uintptr(unsafe.Pointer(&disposition)))
	if code != 0 {
		return 0, false, failed("RegCreateKeyExW", code)
	}
	return handle, disposition == 1, nil
}

// writeValue writes through to the disk: a journal must be able to rely on it.
func writeValue(key, name string, kind uint32, data []byte) *failure {
	handle, _, bad := create(key)
	if bad != nil {
		return bad
	}
	defer regCloseKey.Call(handle)
	var first uintptr
	if len(data) > 0 {
		first = uintptr(unsafe.Pointer(&data[0]))
	}
	code, _, _ := regSetValueEx.Call(handle, uintptr(unsafe.Pointer(wide(name))), 0, uintptr(kind), first, uintptr(len(data)))
	if code != 0 {
		return failed("RegSetValueExW", code)
	}
	return flush(handle)
}

func deleteValue(key, name string) (any, *failure) {
	handle, bad := open(key, syscall.KEY_SET_VALUE|syscall.KEY_QUERY_VALUE)
	if handle == 0 || bad != nil {
		return false, bad
	}
	defer regCloseKey.Call(handle)
	code, _, _ := regDeleteValue.Call(handle, uintptr(unsafe.Pointer(wide(name))))
	if code == fileNotFound {
		return false, nil
	}
	if code != 0 {
		return nil, failed("RegDeleteValueW", code)
	}
	return true, flush(handle)
}

func flush(handle uintptr) *failure {
	if code, _, _ := regFlushKey.Call(handle); code != 0 {
		return failed("RegFlushKey", code)
	}
	return nil
}

// subkeys is null for a key that does not exist.
func subkeys(key string) (any, *failure) {
	handle, bad := open(key, syscall.KEY_ENUMERATE_SUB_KEYS)
	if handle == 0 || bad != nil {
		return nil, bad
	}
	defer regCloseKey.Call(handle)
	names := []string{}
	for index := uintptr(0); ; index++ {
		buffer := make([]uint16, 256)
		size := uint32(len(buffer))
		code, _, _ := regEnumKeyEx.Call(handle, index, uintptr(unsafe.Pointer(&buffer[0])), uintptr(unsafe.Pointer(&size)), 0, 0, 0, 0)
		if code == noMoreItems {
			return names, nil
		}
		if code != 0 {
			return nil, failed("RegEnumKeyExW", code)
		}
		names = append(names, syscall.UTF16ToString(buffer[:size]))
	}
}

// deleteEmptyKey leaves a key in which somebody has put something; says whether it deleted.
func deleteEmptyKey(key string) (any, *failure) {
	handle, bad := open(key, syscall.KEY_QUERY_VALUE|syscall.KEY_ENUMERATE_SUB_KEYS)
	if handle == 0 || bad != nil {
		return false, bad
	}
	var keys, values uint32
	code, _, _ := regQueryInfoKey.Call(handle, 0, 0, 0, uintptr(unsafe.Pointer(&keys)), 0, 0, uintptr(unsafe.Pointer(&values)), 0, 0, 0, 0)
	regCloseKey.Call(handle)
	if code != 0 {
		return nil, failed("RegQueryInfoKeyW", code)
	}
	if keys+values > 0 {
		return false, nil
	}
	top, rest, _ := hive(key)
	code, _, _ = regDeleteKeyEx.Call(top, uintptr(unsafe.Pointer(wide(rest))), view, 0)
	if code == fileNotFound {
		return false, nil
	}
	if code != 0 {
		return nil, failed("RegDeleteKeyExW", code)
	}
	return true, nil
}

// announce tells every window that the environment has changed, so that what the desktop starts next has the new one.
// Nobody has to answer: a window that hangs is not waited for, and no error of theirs is one of ours.
func announce() *failure {
	const broadcast, settingChange, abortIfHung = 0xffff, 0x001a, 0x0002
	var result uintptr
	user32.NewProc("SendMessageTimeoutW").Call(broadcast, settingChange, 0,
		uintptr(unsafe.Pointer(wide("Environment"))), abortIfHung, 1000, uintptr(unsafe.Pointer(&result)))
	return nil
}
