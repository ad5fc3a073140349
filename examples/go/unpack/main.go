// Unpacks an archive from a stranger: tar may read it and write into the directory, nothing else, and is ended after 10 seconds.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"github.com/gaol-sandbox/gaol"
)

func unpack(archive, directory string) error {
	profile, err := gaol.NewProfile(
		gaol.System(), gaol.ProcessCreate(), // tar starts gzip
		gaol.FileRead(gaol.Literal(archive)), gaol.FileRead(gaol.Subpath(directory)), gaol.FileWrite(gaol.Subpath(directory)),
		gaol.Limit(gaol.Limits{Wall: 10 * time.Second}),
	)
	if err != nil {
		return err
	}
	sandbox, err := gaol.New(profile) // the error names what this host cannot enforce
	if err != nil {
		return err
	}
	defer sandbox.Close()
	cmd := sandbox.Command(context.Background(), "tar", "-xf", archive, "-C", directory, "--no-same-owner")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: unpack ARCHIVE DIRECTORY, both absolute")
	}
	if err := unpack(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}
