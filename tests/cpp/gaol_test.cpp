// The C++ layer: that it frees, moves and throws as it says. What the functions do the C tests try.
#include <gaol.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <csignal>
#include <fstream>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "../c/box.h"

using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<gaol::sandbox> && std::is_nothrow_move_constructible_v<gaol::sandbox>);
static_assert(!std::is_copy_constructible_v<gaol::profile> && std::is_nothrow_move_constructible_v<gaol::profile>);
static_assert(!std::is_copy_constructible_v<gaol::command> && std::is_nothrow_move_constructible_v<gaol::command>);
static_assert(!std::is_copy_constructible_v<gaol::host> && !std::is_copy_constructible_v<gaol::report>);
static_assert(std::is_base_of_v<std::runtime_error, gaol::error> && std::is_copy_constructible_v<gaol::error>);

namespace {

gaol::profile begun() {
	gaol::profile p;
	begin(p.get());
	return p;
}

gaol::sandbox box() {
	try {
		return gaol::sandbox(begun().process());
	} catch (const gaol::error &e) {
		if (e.code() != GAOL_ERROR_UNSUPPORTED) throw;
		printf("skipped: %s\n", e.what()), fflush(stdout);
		_Exit(77);
	}
}

TEST(Profile, HasEveryOperation) {
	gaol::profile p;
	p.system().read("/a").read(gaol::literal("/a/b")).metadata("/m").write(gaol::optional(gaol::subpath("/w"))).exec(std::filesystem::path("/x"));
	p.deny_read("/a/c").deny_metadata("/m/n").deny_write("/w/x", gaol::effort::best).deny_exec("/x/y");
	p.connect(gaol::all()).connect(gaol::tcp(1)).connect(gaol::udp(2)).connect(gaol::host_port("example.com", 3)).connect(gaol::cidr("10.0.0.0/8", 4));
	p.connect(gaol::local_socket("/run/s")).listen(gaol::loopback(5));
	p.sysinfo().process().signal().trace(gaol::effort::best).ipc(GAOL_IPC_SYSTEM_V).device("/dev/fuse").syscall("personality");
	p.private_dir("/tmp").map("/in", "/out", GAOL_READ_WRITE).on_denied(GAOL_KILL).env("A", "b").pass_env("C").dir("/").engine(GAOL_ENGINE_ANY);
	p.limit(gaol::limits().wall(1s).cpu(500ms));
	std::vector<std::string> want = {"System()", "FileRead(Subpath(\"/a\"))", "FileRead(Literal(\"/a/b\"))", "FileReadMetadata(Subpath(\"/m\"))",
		"FileWrite(Optional(Subpath(\"/w\")))", "FileExecute(Subpath(\"/x\"))", "Deny(FileRead(Subpath(\"/a/c\")))",
		"Deny(FileReadMetadata(Subpath(\"/m/n\")))", "BestEffort(Deny(FileWrite(Subpath(\"/w/x\"))))", "Deny(FileExecute(Subpath(\"/x/y\")))",
		"NetworkOutbound(All)", "NetworkOutbound(TCP(1))", "NetworkOutbound(UDP(2))", "NetworkOutbound(Host(\"example.com\", 3))",
		"NetworkOutbound(CIDR(\"10.0.0.0/8\", 4))", "NetworkOutbound(LocalSocket(\"/run/s\"))", "NetworkInbound(Loopback(5))", "SystemInfoRead()",
		"ProcessCreate()", "Signal()", "BestEffort(Trace())", "IPC(SystemV)", "Device(\"/dev/fuse\")", "Syscall(\"personality\")", "Private(\"/tmp\")",
		"Map(\"/in\", \"/out\", ReadWrite)"};
	EXPECT_EQ(p.operations(), want);
}

TEST(Profile, IsReadFromText) {
	auto p = gaol::profile::parse("p.toml", "schema = 1\nsystem = true\n");
	EXPECT_NE(p.toml().find("system = true"), std::string::npos);
	EXPECT_EQ(gaol::profile::parse("p.toml", p.toml()).operations(), p.operations());
	try {
		gaol::profile::parse("p.toml", "schema = 1\nread = ['a']\n");
		FAIL();
	} catch (const gaol::error &e) {
		EXPECT_EQ(e.code(), GAOL_ERROR_PROFILE);
		EXPECT_EQ(e.line(), 2);
		EXPECT_EQ(e.key(), "read[0]");
		EXPECT_EQ(e.file(), "p.toml");
	}
	EXPECT_THROW(gaol::profile::load("/nowhere.toml"), gaol::error);
}

TEST(Profile, TakesAnotherIn) {
	auto p = gaol::profile::parse("p.toml", "schema = 1\nread = ['/a']\n");
	p.add(gaol::profile().system().read("/a")).write("/w");
	EXPECT_EQ(p.operations(), (std::vector<std::string>{"FileRead(Subpath(\"/a\"))", "System()", "FileWrite(Subpath(\"/w\"))"}));
}

TEST(Profile, SaysWhatIsWrong) {
	gaol::profile p;
	try {
		p.read("relative");
		FAIL();
	} catch (const gaol::error &e) {
		EXPECT_EQ(e.code(), GAOL_ERROR_PROFILE);
		EXPECT_EQ(e.number(), EINVAL);
		EXPECT_EQ(e.path(), "relative");
		EXPECT_NE(std::string(e.what()).find("relative"), std::string::npos);
	}
	EXPECT_THROW(gaol::sandbox{p}, gaol::error); // though the exception was caught
}

TEST(Profile, RefusesAPathThatCWouldCutOff) {
	EXPECT_THROW(gaol::profile().read(std::string("/etc\0/shadow", 12)), gaol::error);
	EXPECT_THROW(gaol::profile().deny_read(std::filesystem::path(std::string("/a\0b", 4))), gaol::error);
	auto s = box();
	EXPECT_THROW(s.command({"echo", std::string_view("a\0b", 3)}), gaol::error);
}

TEST(Host, TellsWhatItCan) {
	gaol::host host;
	EXPECT_EQ(host.system().rfind("Linux", 0), 0u);
	EXPECT_FALSE(host.checks().empty());
	EXPECT_FALSE(host.engines().empty());
	gaol::profile p;
	p.signal();
	EXPECT_EQ(host.support(p, 0).level, GAOL_ALWAYS_ALLOWED);
	EXPECT_THROW(host.support(p, 1), gaol::error);
}

TEST(Sandbox, ListsWhatTheHostLacks) {
	gaol::profile p = begun();
	p.connect(gaol::host_port("example.com", 443));
	try {
		gaol::sandbox s(p);
		FAIL();
	} catch (const gaol::error &e) {
		EXPECT_EQ(e.code(), GAOL_ERROR_UNSUPPORTED);
		ASSERT_EQ(e.unsupported().size(), 1u);
		EXPECT_FALSE(e.unsupported()[0].mechanism.empty());
	}
}

TEST(Sandbox, IsMovedAndOutlived) {
	auto s = box();
	auto c = s.command({"true"});
	auto moved = std::move(s);
	EXPECT_TRUE(c.run().success());
	EXPECT_TRUE(moved.command(std::vector<std::string>{"true"}).run().success());
	EXPECT_NE(moved.explain().find("System()"), std::string::npos);
	EXPECT_FALSE(moved.report().enforced().empty());
	EXPECT_THROW(s.command({"true"}), gaol::error); // moved from: an error, not a crash
}

TEST(Command, GivesItsOutput) {
	auto s = box();
	auto done = s.command({"sh", "-c", "cat; echo bad >&2; exit 3"}).dir("/").env({"PATH=/bin"}).capture("in\0out");
	EXPECT_EQ(done.out, "in");
	done = s.command({"sh", "-c", "cat; echo bad >&2; exit 3"}).capture(std::string_view("in\0out", 6));
	EXPECT_EQ(done.out, std::string("in\0out", 6));
	EXPECT_EQ(done.err, "bad\n");
	EXPECT_EQ(done.exit_code(), 3);
	EXPECT_FALSE(done.success());
	EXPECT_EQ(s.command({"cat"}).capture().out, "");
}

TEST(Command, HasAUmask) {
	auto s = box();
	EXPECT_EQ(s.command({"sh", "-c", "umask"}).umask(027).capture().out, "0027\n");
	EXPECT_THROW(s.command({"true"}).umask(01000), gaol::error);
}

TEST(Command, ThrowsWhenTheTimeIsOver) {
	auto s = box();
	auto c = s.command({"sh", "-c", "echo first; exec sleep 60"});
	try {
		c.capture({}, 300ms);
		FAIL();
	} catch (const gaol::timeout &e) {
		EXPECT_EQ(e.output.out, "first\n");
		EXPECT_EQ(e.output.signal(), SIGKILL);
		EXPECT_EQ(e.code(), GAOL_ERROR_TIMEOUT);
	}
}

TEST(Command, IsWaitedForAndKilled) {
	auto s = box();
	auto c = s.command({"cat"});
	c.stdio(0, GAOL_STDIO_PIPE).stdio(1, GAOL_STDIO_PIPE);
	EXPECT_THROW(c.pid(), gaol::error);
	c.start();
	EXPECT_GT(c.pid(), 1);
	auto in = c.take_pipe(0), out = c.take_pipe(1);
	EXPECT_THROW(c.take_pipe(0), gaol::error);
	EXPECT_EQ(c.wait_for(10ms), std::nullopt);
	ASSERT_EQ(write(in.get(), "x", 1), 1);
	char b = 0;
	ASSERT_EQ(read(out.get(), &b, 1), 1);
	in.reset();
	EXPECT_TRUE(c.wait().success());
	pollfd p{c.poll_fd(), POLLIN, 0};
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_TRUE(c.wait_for(0ms)->success());
	EXPECT_THROW(c.kill(), gaol::error);
	EXPECT_EQ(c.report().ending().code, 0);
	EXPECT_GT(c.report().usage().wall_ns, 0);
	EXPECT_NE(c.report().json().find("\"engine\""), std::string::npos);
	EXPECT_THROW(c.dir("/"), gaol::error); // started

	auto k = s.command({"sleep", "60"});
	k.start();
	k.kill();
	EXPECT_EQ(k.wait().signal(), SIGKILL);
	EXPECT_EQ(k.wait().exit_code(), -1);
}

TEST(Command, EndsWithItsOwner) {
	auto s = box();
	int fds[2];
	ASSERT_EQ(pipe(fds), 0);
	{
		auto c = s.command({"sleep", "60"});
		c.stdio(1, GAOL_STDIO_FD, fds[1]);
		close(fds[1]);
		c.start();
	}
	char b;
	EXPECT_EQ(read(fds[0], &b, 1), 0);
	close(fds[0]);
}

TEST(Command, KeepsItsFirstFault) {
	auto s = box();
	auto c = s.command({"true"});
	try {
		c.stdio(0, GAOL_STDIO_FD, -7);
		FAIL();
	} catch (const gaol::error &e) {
		EXPECT_EQ(e.number(), EBADF);
		EXPECT_EQ(e.code(), GAOL_ERROR_ARGUMENT);
	}
	EXPECT_THROW(c.start(), gaol::error);
}

TEST(Command, SaysWhyItNeverRan) {
	auto s = box();
	try {
		s.command({"no-such-program"}).run();
		FAIL();
	} catch (const gaol::error &e) {
		EXPECT_EQ(e.code(), GAOL_ERROR_SETUP);
		EXPECT_EQ(e.step(), "execute");
		EXPECT_EQ(e.path(), "no-such-program");
		EXPECT_EQ(e.number(), ENOENT);
	}
}

} // namespace
