package main

// This file reads --user: who the program shall be. It must never fall back on anybody else, nor leave groups to chance.

import (
	"errors"
	"fmt"
	"os/user"
	"strconv"
	"strings"

	"github.com/gaol-sandbox/gaol"
)

const dynamicUser = "dynamic"

// userFlag is the user; its zero value is the caller.
type userFlag struct{ credential *gaol.Credential }

func (u *userFlag) String() string { return "" }
func (u *userFlag) Type() string   { return "string" }

// Set takes a name or a number, whose groups are those of its account, or either with a group behind a colon, and then it is in no other.
func (u *userFlag) Set(s string) error {
	if s == dynamicUser {
		u.credential = &gaol.Credential{Dynamic: true}
		return nil
	}
	name, group, given := strings.Cut(s, ":")
	if name == "" || given && group == "" {
		return errors.New("write NAME, UID, UID:GID or dynamic")
	}
	c := &gaol.Credential{}
	account, err := user.LookupId(name)
	if number, bad := strconv.ParseUint(name, 10, 32); bad == nil {
		c.Uid = uint32(number)
		if err != nil && !given {
			return fmt.Errorf("no account has the number %s; say its group, too: %s:GID", name, name)
		}
	} else if account, err = user.Lookup(name); err != nil {
		return fmt.Errorf("there is no user %s", name)
	} else if c.Uid, err = id(account.Uid); err != nil {
		return err
	}
	if given {
		if c.Gid, err = groupID(group); err != nil {
			return err
		}
		u.credential = c
		return nil
	}
	if c.Gid, err = id(account.Gid); err != nil {
		return err
	}
	groups, err := account.GroupIds()
	if err != nil {
		return fmt.Errorf("look up the groups of %s: %w", name, err)
	}
	for _, g := range groups {
		n, err := id(g)
		if err != nil {
			return err
		}
		c.Groups = append(c.Groups, n)
	}
	u.credential = c
	return nil
}

func groupID(s string) (uint32, error) {
	if n, err := id(s); err == nil {
		return n, nil
	}
	g, err := user.LookupGroup(s)
	if err != nil {
		return 0, fmt.Errorf("there is no group %s", s)
	}
	return id(g.Gid)
}

func id(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is no number of a user or a group", s)
	}
	return uint32(n), nil
}
