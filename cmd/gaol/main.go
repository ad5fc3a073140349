// Command gaol runs a program with only the rights that its command line and its profile list.
// This file starts the command and ends the process; it must never decide anything.
package main

import "os"

func main() {
	inside(os.Args[1:])
	end(execute(os.Args[1:]))
}
