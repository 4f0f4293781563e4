package main

import (
	"runtime"
	"runtime/debug"
)

// versionText says which version this is, as far as the build knows: that of the module,
// or the commit of the checkout.
func versionText() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "bookview, " + runtime.Version()
	}
	version, changed := info.Main.Version, ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			version += " " + s.Value[:min(len(s.Value), 12)]
		case "vcs.modified":
			if s.Value == "true" {
				changed = ", changed"
			}
		}
	}
	return "bookview " + version + changed + ", " + info.GoVersion + " " + runtime.GOOS + "/" + runtime.GOARCH
}
