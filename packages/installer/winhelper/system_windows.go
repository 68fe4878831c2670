package main

import (
	"path/filepath"
	"syscall"
	"unsafe"
)

type account struct {
	// The security identifier: S-1-5-18 is the system itself.
	SID string `json:"sid"`
	// Whether this process has the rights of an administrator, and not only its user.
	Elevated bool `json:"elevated"`
	// 0 is that of services.
	Session uint32 `json:"session"`
}

func describeAccount() (any, *failure) {
	process, _ := syscall.GetCurrentProcess()
	var token syscall.Token
	if err := syscall.OpenProcessToken(process, syscall.TOKEN_QUERY, &token); err != nil {
		return nil, failedLast("OpenProcessToken", err)
	}
	defer token.Close()
	user, err := token.GetTokenUser()
	if err != nil {
		return nil, failedLast("GetTokenInformation", err)
	}
	sid, err := user.User.Sid.String()
	if err != nil {
		return nil, failedLast("ConvertSidToStringSidW", err)
	}
	const tokenElevation = 20
	var elevated, size, session uint32
	err = syscall.GetTokenInformation(token, tokenElevation, (*byte)(unsafe.Pointer(&elevated)), 4, &size)
	if err != nil {
		return nil, failedLast("GetTokenInformation", err)
	}
	kernel32.NewProc("ProcessIdToSessionId").Call(uintptr(syscall.Getpid()), uintptr(unsafe.Pointer(&session)))
	return account{SID: sid, Elevated: elevated != 0, Session: session}, nil
}

const (
	fileObject  = 1          // SE_FILE_OBJECT
	ownerPart   = 0x00000001 // OWNER_SECURITY_INFORMATION
	accessPart  = 0x00000004 // DACL_SECURITY_INFORMATION
	isProtected = 0x80000000 // PROTECTED_DACL_SECURITY_INFORMATION: nothing is inherited from above
)

// accessOf is owner and access list of a folder or file, in SDDL.
func accessOf(path string) (any, *failure) {
	var descriptor uintptr
	code, _, _ := advapi32.NewProc("GetNamedSecurityInfoW").Call(uintptr(unsafe.Pointer(wide(path))), fileObject,
		ownerPart|accessPart, 0, 0, 0, 0, uintptr(unsafe.Pointer(&descriptor)))
	if code != 0 {
		return nil, failed("GetNamedSecurityInfoW", code)
	}
	defer syscall.LocalFree(syscall.Handle(descriptor))
	var text *uint16
	ok, _, err := advapi32.NewProc("ConvertSecurityDescriptorToStringSecurityDescriptorW").Call(descriptor, 1,
		ownerPart|accessPart, uintptr(unsafe.Pointer(&text)), 0)
	if ok == 0 {
		return nil, failedLast("ConvertSecurityDescriptorToStringSecurityDescriptorW", err)
	}
	defer syscall.LocalFree(syscall.Handle(uintptr(unsafe.Pointer(text))))
	return fromWide(text), nil
}

// setAccess replaces the access list by the one in `sddl`; nothing is inherited from above any more.
func setAccess(path, sddl string) *failure {
	var descriptor uintptr
	ok, _, err := advapi32.NewProc("ConvertStringSecurityDescriptorToSecurityDescriptorW").Call(
		uintptr(unsafe.Pointer(wide(sddl))), 1, uintptr(unsafe.Pointer(&descriptor)), 0)
	if ok == 0 {
		return failedLast("ConvertStringSecurityDescriptorToSecurityDescriptorW", err)
	}
	defer syscall.LocalFree(syscall.Handle(descriptor))
	var present, defaulted uint32
	var list uintptr
	ok, _, err = advapi32.NewProc("GetSecurityDescriptorDacl").Call(descriptor, uintptr(unsafe.Pointer(&present)),
		uintptr(unsafe.Pointer(&list)), uintptr(unsafe.Pointer(&defaulted)))
	if ok == 0 || present == 0 {
		return failedLast("GetSecurityDescriptorDacl", err)
	}
	code, _, _ := advapi32.NewProc("SetNamedSecurityInfoW").Call(uintptr(unsafe.Pointer(wide(path))), fileObject,
		accessPart|isProtected, 0, 0, list, 0)
	if code != 0 {
		return failed("SetNamedSecurityInfoW", code)
	}
	return nil
}

type volume struct {
	// Of GetDriveTypeW: 2 removable, 3 fixed, 4 remote, 5 CD-ROM, 6 RAM disk; 0 and 1 unknown.
	Drive uint32 `json:"drive"`
	// NTFS, ReFS, exFAT …; "" when the volume does not say.
	FileSystem string `json:"fileSystem"`
	// \\server\share of a mapped drive; "" for others.
	Remote string `json:"remote"`
}

func describeVolume(path string) (any, *failure) {
	top := make([]uint16, 32768)
	ok, _, err := kernel32.NewProc("GetVolumePathNameW").Call(uintptr(unsafe.Pointer(wide(path))),
		uintptr(unsafe.Pointer(&top[0])), uintptr(len(top)))
	if ok == 0 {
		return nil, failedLast("GetVolumePathNameW", err)
	}
	drive, _, _ := kernel32.NewProc("GetDriveTypeW").Call(uintptr(unsafe.Pointer(&top[0])))
	system := make([]uint16, 64)
	kernel32.NewProc("GetVolumeInformationW").Call(uintptr(unsafe.Pointer(&top[0])), 0, 0, 0, 0, 0,
		uintptr(unsafe.Pointer(&system[0])), uintptr(len(system)))
	return volume{Drive: uint32(drive), FileSystem: syscall.UTF16ToString(system), Remote: remoteName(path)}, nil
}

func remoteName(path string) string {
	letter := filepath.VolumeName(path)
	if len(letter) != 2 {
		return ""
	}
	buffer := make([]uint16, 1024)
	size := uint32(len(buffer))
	code, _, _ := mpr.NewProc("WNetGetConnectionW").Call(uintptr(unsafe.Pointer(wide(letter))),
		uintptr(unsafe.Pointer(&buffer[0])), uintptr(unsafe.Pointer(&size)))
	if code != 0 {
		return ""
	}
	return syscall.UTF16ToString(buffer)
}

type holder struct {
	PID  uint32 `json:"pid"`
	Name string `json:"name"`
	// Short name of the service that it is; "" for others.
	Service string `json:"service"`
}

// RM_PROCESS_INFO of restartmanager.h.
type processInfo struct {
	pid       uint32
	started   syscall.Filetime
	name      [256]uint16
	service   [64]uint16
	kind      uint32
	status    uint32
	session   uint32
	canRstart uint32
}

// holders asks the Restart Manager which processes have one of the files open.
func holders(paths []string) (any, *failure) {
	var session uint32
	key := make([]uint16, 33)
	code, _, _ := rstrtmgr.NewProc("RmStartSession").Call(uintptr(unsafe.Pointer(&session)), 0, uintptr(unsafe.Pointer(&key[0])))
	if code != 0 {
		return nil, failed("RmStartSession", code)
	}
	defer rstrtmgr.NewProc("RmEndSession").Call(uintptr(session))
	names := make([]*uint16, len(paths))
	for i, path := range paths {
		names[i] = wide(path)
	}
	if len(names) == 0 {
		return []holder{}, nil
	}
	code, _, _ = rstrtmgr.NewProc("RmRegisterResources").Call(uintptr(session), uintptr(len(names)),
		uintptr(unsafe.Pointer(&names[0])), 0, 0, 0, 0)
	if code != 0 {
		return nil, failed("RmRegisterResources", code)
	}
	for room := uint32(16); ; {
		var needed, reasons uint32
		infos := make([]processInfo, room)
		count := room
		code, _, _ = rstrtmgr.NewProc("RmGetList").Call(uintptr(session), uintptr(unsafe.Pointer(&needed)),
			uintptr(unsafe.Pointer(&count)), uintptr(unsafe.Pointer(&infos[0])), uintptr(unsafe.Pointer(&reasons)))
		if code == moreData && needed > room {
			room = needed
			continue
		}
		if code != 0 {
			return nil, failed("RmGetList", code)
		}
		found := []holder{}
		for _, each := range infos[:count] {
			found = append(found, holder{each.pid, syscall.UTF16ToString(each.name[:]), syscall.UTF16ToString(each.service[:])})
		}
		return found, nil
	}
}

// logEvent writes to the event log. The source should be registered, or the viewer shows the text with a remark.
func logEvent(c call) *failure {
	levels := map[string]uintptr{"error": 1, "warning": 2, "information": 4}
	handle, _, err := advapi32.NewProc("RegisterEventSourceW").Call(0, uintptr(unsafe.Pointer(wide(c.Source))))
	if handle == 0 {
		return failedLast("RegisterEventSourceW", err)
	}
	defer advapi32.NewProc("DeregisterEventSource").Call(handle)
	texts := []*uint16{wide(c.Text)}
	ok, _, err := advapi32.NewProc("ReportEventW").Call(handle, levels[c.Level], 0, uintptr(c.Event), 0, 1, 0,
		uintptr(unsafe.Pointer(&texts[0])), 0)
	if ok == 0 {
		return failedLast("ReportEventW", err)
	}
	return nil
}

func fromWide(text *uint16) string {
	var units []uint16
	for at := unsafe.Pointer(text); *(*uint16)(at) != 0; at = unsafe.Add(at, 2) {
		units = append(units, *(*uint16)(at))
	}
	return syscall.UTF16ToString(units)
}
