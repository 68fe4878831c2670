package main

import (
	"os"
	"os/signal"
	"syscall"
	"unsafe"
)

// start runs the program to its end, and ends with its exit code.
func start(program string) {
	// Ctrl-C and Ctrl-Break reach every process of the console. What is to be done is the program's decision; who waits
	// for it must not end before it.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt, syscall.SIGTERM)
	attr := &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		// As it came: Windows has one string, and each program takes it apart by rules of its own.
		Sys: &syscall.SysProcAttr{CmdLine: commandLine()},
	}
	process, err := os.StartProcess(program, os.Args, attr)
	if err != nil {
		fail("cannot start " + program + ": " + err.Error())
	}
	tie(process.Pid)
	state, err := process.Wait()
	if err != nil {
		fail("cannot wait for " + program + ": " + err.Error())
	}
	os.Exit(state.ExitCode())
}

func commandLine() string {
	first := syscall.GetCommandLine()
	length := 0
	for at := first; *at != 0; at = (*uint16)(unsafe.Add(unsafe.Pointer(at), 2)) {
		length++
	}
	return syscall.UTF16ToString(unsafe.Slice(first, length))
}

const (
	jobObjectExtendedLimitInformation = 9
	jobObjectLimitSilentBreakawayOK   = 0x1000
	jobObjectLimitKillOnJobClose      = 0x2000
	processSetQuota                   = 0x0100
	processTerminate                  = 0x0001
)

// JOBOBJECT_EXTENDED_LIMIT_INFORMATION of winnt.h, on 64-bit Windows.
type extendedLimits struct {
	perProcessUserTimeLimit, perJobUserTimeLimit int64
	limitFlags                                   uint32
	minimumWorkingSetSize, maximumWorkingSetSize uintptr
	activeProcessLimit                           uint32
	affinity                                     uintptr
	priorityClass, schedulingClass               uint32
	ioInfo                                       [6]uint64
	processMemoryLimit, jobMemoryLimit           uintptr
	peakProcessMemoryUsed, peakJobMemoryUsed     uintptr
}

// tie ends the program when this process is ended, as an editor does that stops "go.exe"; of what the program has started
// nothing, as if it had been started itself. Without it all else works, so that it fails is nobody's business.
func tie(pid int) {
	kernel := syscall.NewLazyDLL("kernel32.dll")
	job, _, _ := kernel.NewProc("CreateJobObjectW").Call(0, 0)
	if job == 0 {
		return
	}
	limits := extendedLimits{limitFlags: jobObjectLimitKillOnJobClose | jobObjectLimitSilentBreakawayOK}
	set, _, _ := kernel.NewProc("SetInformationJobObject").Call(job, jobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), unsafe.Sizeof(limits))
	if set == 0 {
		return
	}
	process, err := syscall.OpenProcess(processSetQuota|processTerminate, false, uint32(pid))
	if err != nil {
		return
	}
	kernel.NewProc("AssignProcessToJobObject").Call(job, uintptr(process))
	// The job is open as long as this process is.
	syscall.CloseHandle(process)
}
