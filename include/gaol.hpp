// gaol.hpp: gaol.h for C++17. Header only; link with -lgaol.
//
//	auto sandbox = gaol::sandbox(gaol::profile().system().read("/srv/in").write("/srv/out"));
//	auto done = sandbox.command({"convert", "/srv/in/a.png", "/srv/out/a.jpg"}).capture();
//	if (done.exit_code() != 0) std::cerr << done.err;
//
// What fails throws a gaol::error; that a program failed is none. A profile, host, sandbox, command and report is moved, never copied, and frees
// itself; one that was moved from is good for nothing but an assignment. What gaol.h says of threads, fork and memory holds here. Strings may
// not contain a NUL byte, which is a gaol::error and does not cut them off.
#ifndef GAOL_HPP
#define GAOL_HPP

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gaol.h"

namespace gaol {

using code = gaol_code;

/// One thing that the host cannot enforce: see gaol_unsupported.
struct unsupported {
	std::string operation, mechanism, detail, fix, gap;
};

/// error is what everything here throws.
class error : public std::runtime_error {
public:
	/// Takes the error of a C function over; it may be null, where the function gives a number only.
	explicit error(gaol_error *from, int number = EINVAL, gaol::code code = GAOL_ERROR_ARGUMENT)
		: runtime_error(from ? gaol_error_message(from) : std::string("gaol: ") + std::strerror(number)), code_(code), number_(number) {
		if (!from) return;
		code_ = static_cast<gaol::code>(gaol_error_code(from));
		number_ = gaol_error_errno(from), line_ = gaol_error_line(from);
		step_ = gaol_error_step(from), operation_ = gaol_error_operation(from), path_ = gaol_error_path(from), hint_ = gaol_error_hint(from);
		file_ = gaol_error_file(from), key_ = gaol_error_key(from);
		gaol_unsupported u = GAOL_UNSUPPORTED_INIT;
		for (size_t i = 0; gaol_error_unsupported(from, i, &u) == 0; i++) unsupported_.push_back({u.operation, u.mechanism, u.detail, u.fix, u.gap});
		gaol_error_free(from);
	}
	error(gaol::code code, int number, const std::string &message) : runtime_error("gaol: " + message), code_(code), number_(number) {}

	gaol::code code() const noexcept { return code_; }
	int number() const noexcept { return number_; } ///< the errno
	const std::string &step() const noexcept { return step_; }
	const std::string &operation() const noexcept { return operation_; }
	const std::string &path() const noexcept { return path_; }
	const std::string &hint() const noexcept { return hint_; }
	const std::string &file() const noexcept { return file_; }
	const std::string &key() const noexcept { return key_; }
	int line() const noexcept { return line_; }
	const std::vector<gaol::unsupported> &unsupported() const noexcept { return unsupported_; }

private:
	gaol::code code_;
	int number_, line_ = 0;
	std::string step_, operation_, path_, hint_, file_, key_;
	std::vector<gaol::unsupported> unsupported_;
};

namespace detail {

template <class T, int (*Free)(T *)> struct deleter {
	void operator()(T *p) const noexcept { Free(p); }
};
template <class T, int (*Free)(T *)> using handle = std::unique_ptr<T, deleter<T, Free>>;

struct free_buffer {
	void operator()(char *p) const noexcept { gaol_free(p); }
};
using buffer = std::unique_ptr<char, free_buffer>;

inline std::string taken(char *p) {
	if (!p) throw error(nullptr, errno);
	return buffer(p).get();
}

/// A view, as C has strings; what it copies lives as long as this.
class text {
public:
	text(std::string_view s) : s_(s) {
		if (s.find('\0') != s.npos) throw error(GAOL_ERROR_ARGUMENT, EINVAL, "a string contains a NUL byte");
	}
	operator const char *() const noexcept { return s_.c_str(); }

private:
	std::string s_;
};

/// A list of strings, as execve takes it.
class list {
public:
	template <class Strings> explicit list(const Strings &strings) {
		for (const auto &s : strings) texts_.emplace_back(std::string_view(s));
		for (const auto &t : texts_) pointers_.push_back(t);
		pointers_.push_back(nullptr);
	}
	const char *const *get() const noexcept { return pointers_.data(); }

private:
	std::vector<text> texts_;
	std::vector<const char *> pointers_;
};

inline int64_t ns(std::chrono::nanoseconds d) { return d.count(); }

} // namespace detail

/// flags to add to an entry of a profile.
enum class effort : unsigned { exact = 0, best = GAOL_BEST_EFFORT };

/// pattern says which paths an entry covers; a path by itself stands for itself and everything below it.
struct pattern {
	template <class Path, class = std::enable_if_t<std::is_convertible_v<const Path &, std::filesystem::path>>>
	pattern(const Path &p, unsigned how = GAOL_SUBPATH) : path(std::filesystem::path(p).native()), match(how) {}
	std::string path;
	unsigned match;
};
inline pattern subpath(const std::filesystem::path &p) { return {p, GAOL_SUBPATH}; }
inline pattern literal(const std::filesystem::path &p) { return {p, GAOL_LITERAL}; }
inline pattern optional(pattern p) { return p.match |= GAOL_OPTIONAL, p; }

/// address says which peers a network entry reaches.
struct address {
	gaol_address form;
	std::optional<std::string> name;
	int port = 0;
};
inline address all() { return {GAOL_ADDRESS_ALL, {}, 0}; }
inline address tcp(int port) { return {GAOL_ADDRESS_TCP, {}, port}; }
inline address udp(int port) { return {GAOL_ADDRESS_UDP, {}, port}; }
inline address loopback(int port) { return {GAOL_ADDRESS_LOOPBACK, {}, port}; }
inline address host_port(std::string name, int port) { return {GAOL_ADDRESS_HOST, std::move(name), port}; }
inline address cidr(std::string prefix, int port) { return {GAOL_ADDRESS_CIDR, std::move(prefix), port}; }
inline address local_socket(const std::filesystem::path &p) { return {GAOL_ADDRESS_LOCAL_SOCKET, p.native(), 0}; }

/// limits are gaol_limits with its size set.
struct limits : gaol_limits {
	limits() : gaol_limits(GAOL_LIMITS_INIT) {}
	limits &wall(std::chrono::nanoseconds d) { return wall_ns = detail::ns(d), *this; }
	limits &cpu(std::chrono::nanoseconds d) { return cpu_ns = detail::ns(d), *this; }
};

/// profile is a list of what a program may do. Every function adds to it and returns a reference to it, so that calls can be chained; one that is
/// to be kept is declared first: `gaol::profile p; p.system().read("/srv");`
class profile {
public:
	profile() : h_(gaol_profile_new()) {
		if (!h_) throw error(nullptr, errno, GAOL_ERROR_MEMORY);
	}
	static profile load(const std::filesystem::path &file) {
		gaol_error *e;
		gaol_profile *p = gaol_profile_load(detail::text(file.native()), &e);
		return profile(p, e);
	}
	/// name ends in .toml or .json
	static profile parse(std::string_view name, std::string_view text) {
		gaol_error *e;
		gaol_profile *p = gaol_profile_parse(detail::text(name), text.data() ? text.data() : "", text.size(), &e);
		return profile(p, e);
	}

	profile &system() { return plain(GAOL_SYSTEM, effort::exact); }
	profile &read(const pattern &p, effort e = effort::exact) { return path(GAOL_FILE_READ, p, e); }
	profile &metadata(const pattern &p, effort e = effort::exact) { return path(GAOL_FILE_READ_METADATA, p, e); }
	profile &write(const pattern &p, effort e = effort::exact) { return path(GAOL_FILE_WRITE, p, e); }
	profile &exec(const pattern &p, effort e = effort::exact) { return path(GAOL_FILE_EXECUTE, p, e); }
	profile &deny_read(const pattern &p, effort e = effort::exact) { return deny(GAOL_FILE_READ, p, e); }
	profile &deny_metadata(const pattern &p, effort e = effort::exact) { return deny(GAOL_FILE_READ_METADATA, p, e); }
	profile &deny_write(const pattern &p, effort e = effort::exact) { return deny(GAOL_FILE_WRITE, p, e); }
	profile &deny_exec(const pattern &p, effort e = effort::exact) { return deny(GAOL_FILE_EXECUTE, p, e); }
	profile &connect(const address &a, effort e = effort::exact) { return net(GAOL_NETWORK_OUTBOUND, a, e); }
	profile &listen(const address &a, effort e = effort::exact) { return net(GAOL_NETWORK_INBOUND, a, e); }
	profile &sysinfo(effort e = effort::exact) { return plain(GAOL_SYSTEM_INFO_READ, e); }
	profile &process(effort e = effort::exact) { return plain(GAOL_PROCESS_CREATE, e); }
	profile &signal(effort e = effort::exact) { return plain(GAOL_SIGNAL, e); }
	profile &trace(effort e = effort::exact) { return plain(GAOL_TRACE, e); }
	profile &ipc(gaol_ipc kind, effort e = effort::exact) { return check(gaol_profile_allow_ipc(get(), kind | unsigned(e))); }
	profile &device(const std::filesystem::path &p, effort e = effort::exact) { return path(GAOL_DEVICE, literal(p), e); }
	profile &syscall(std::string_view name, effort e = effort::exact) {
		return check(gaol_profile_allow_name(get(), GAOL_SYSCALL | unsigned(e), detail::text(name)));
	}
	profile &mach_lookup(std::string_view service, effort e = effort::exact) {
		return check(gaol_profile_allow_name(get(), GAOL_MACH_LOOKUP | unsigned(e), detail::text(service)));
	}
	profile &private_dir(const std::filesystem::path &p, effort e = effort::exact) { return path(GAOL_PRIVATE, subpath(p), e); }
	profile &map(const std::filesystem::path &inside, const std::filesystem::path &host, gaol_mode mode, effort e = effort::exact) {
		return check(gaol_profile_map(get(), detail::text(inside.native()), detail::text(host.native()), mode | unsigned(e)));
	}
	profile &on_denied(gaol_action action) { return check(gaol_profile_set_on_denied(get(), action)); }
	profile &env(std::string_view name, std::string_view value) {
		return check(gaol_profile_set_env(get(), detail::text(name), detail::text(value)));
	}
	profile &pass_env(std::string_view name) { return check(gaol_profile_pass_env(get(), detail::text(name))); }
	profile &dir(const std::filesystem::path &p) { return check(gaol_profile_set_dir(get(), detail::text(p.native()))); }
	profile &engine(gaol_engine engine) { return check(gaol_profile_set_engine(get(), engine)); }
	profile &limit(const gaol_limits &l) { return check(gaol_profile_limit(get(), &l)); }
	/// All of another profile.
	profile &add(const profile &other) { return check(gaol_profile_add(get(), other.get())); }

	std::string toml() const {
		gaol_error *e;
		char *p = gaol_profile_toml(get(), &e);
		if (!p) throw error(e);
		return detail::taken(p);
	}
	/// The operations as Go writes them.
	std::vector<std::string> operations() const {
		std::vector<std::string> all;
		while (char *p = gaol_profile_operation(get(), all.size())) all.push_back(detail::taken(p));
		return all;
	}
	gaol_profile *get() const noexcept { return h_.get(); }

private:
	profile(gaol_profile *p, gaol_error *e) : h_(p) {
		if (!p) throw error(e);
	}
	profile &plain(unsigned op, effort e) { return check(gaol_profile_allow(get(), op | unsigned(e))); }
	profile &path(unsigned op, const pattern &p, effort e) {
		return check(gaol_profile_allow_path(get(), op | unsigned(e), p.match, detail::text(p.path)));
	}
	profile &deny(unsigned op, const pattern &p, effort e) {
		return check(gaol_profile_deny_path(get(), op | unsigned(e), p.match, detail::text(p.path)));
	}
	profile &net(unsigned op, const address &a, effort e) {
		if (!a.name) return check(gaol_profile_allow_address(get(), op | unsigned(e), a.form, nullptr, a.port));
		return check(gaol_profile_allow_address(get(), op | unsigned(e), a.form, detail::text(*a.name), a.port));
	}
	profile &check(int r) {
		if (r >= 0) return *this;
		gaol_error *e = nullptr;
		gaol_profile_check(get(), &e);
		throw error(e, -r);
	}
	detail::handle<gaol_profile, gaol_profile_free> h_;
};

/// support is how far a host can enforce an operation, and what does so or is missing.
struct support {
	gaol_level level;
	std::string mechanism;
};

/// check is one mechanism of a host.
struct check {
	std::string mechanism, detail, fix;
	bool ok;
};

/// host is what this host can enforce. It is probed once in the life of the process.
class host {
public:
	host() {
		gaol_error *e;
		h_.reset(gaol_host_probe(&e));
		if (!h_) throw error(e);
	}
	std::string system() const { return gaol_host_system(h_.get()); }
	std::vector<gaol::check> checks() const {
		std::vector<gaol::check> all;
		gaol_check c = GAOL_CHECK_INIT;
		while (gaol_host_check(h_.get(), all.size(), &c) == 0) all.push_back({c.mechanism, c.detail, c.fix, c.ok != 0});
		return all;
	}
	/// The engines that work here, the best first.
	std::vector<gaol_engine> engines() const {
		std::vector<gaol_engine> all;
		for (int e; (e = gaol_host_engine(h_.get(), all.size())) >= 0;) all.push_back(static_cast<gaol_engine>(e));
		return all;
	}
	/// Of the index-th operation of the profile, taken alone.
	gaol::support support(const profile &p, size_t index, gaol_engine engine = GAOL_ENGINE_ANY) const {
		char *mechanism = nullptr;
		int r = gaol_host_support(h_.get(), p.get(), index, engine, &mechanism);
		if (r < 0) throw error(nullptr, -r);
		return {static_cast<gaol_level>(r), detail::taken(mechanism)};
	}

private:
	detail::handle<gaol_host, gaol_host_free> h_;
};

struct enforcement {
	std::string operation, mechanism;
};
struct gap {
	std::string operation, detail;
};
struct denial {
	std::string operation, path, syscall, suggestion;
	int number = 0;
};

/// report says what was enforced, what was denied, and how the program ended.
class report {
public:
	explicit report(gaol_report *r) : h_(r) {}
	std::string json() const { return detail::taken(gaol_report_json(h_.get())); }
	std::string engine() const { return gaol_report_engine(h_.get()); }
	std::vector<std::string> mechanisms() const {
		std::vector<std::string> all;
		for (const char *m; *(m = gaol_report_mechanism(h_.get(), all.size()));) all.emplace_back(m);
		return all;
	}
	std::vector<enforcement> enforced() const {
		std::vector<enforcement> all;
		gaol_enforcement e = GAOL_ENFORCEMENT_INIT;
		while (gaol_report_enforced(h_.get(), all.size(), &e) == 0) all.push_back({e.operation, e.mechanism});
		return all;
	}
	std::vector<gap> gaps() const {
		std::vector<gap> all;
		gaol_gap g = GAOL_GAP_INIT;
		while (gaol_report_gap(h_.get(), all.size(), &g) == 0) all.push_back({g.operation, g.detail});
		return all;
	}
	std::vector<denial> denials() const {
		std::vector<denial> all;
		gaol_denial d = GAOL_DENIAL_INIT;
		while (gaol_report_denial(h_.get(), all.size(), &d) == 0) all.push_back({d.operation, d.path, d.syscall, d.suggestion, d.number});
		return all;
	}
	/// Its string lives as long as the report.
	gaol_ending ending() const {
		gaol_ending e = GAOL_ENDING_INIT;
		if (int r = gaol_report_ending(h_.get(), &e)) throw error(nullptr, -r);
		return e;
	}
	gaol_usage usage() const {
		gaol_usage u = GAOL_USAGE_INIT;
		if (int r = gaol_report_usage(h_.get(), &u)) throw error(nullptr, -r);
		return u;
	}

private:
	detail::handle<gaol_report, gaol_report_free> h_;
};

/// status is how a program ended.
class status {
public:
	explicit status(int wait = 0) : wait_(wait) {}
	bool success() const noexcept { return wait_ == 0; }
	int exit_code() const noexcept { return WIFEXITED(wait_) ? WEXITSTATUS(wait_) : -1; } ///< -1: ended by a signal
	int signal() const noexcept { return WIFSIGNALED(wait_) ? WTERMSIG(wait_) : 0; }
	int wait() const noexcept { return wait_; } ///< as waitpid(2) has it

private:
	int wait_;
};

/// output is what a program wrote, and how it ended.
struct output : status {
	std::string out, err;
};

/// timeout is the error of command::capture when the time is over; it has what there was.
struct timeout : error {
	timeout(gaol_error *e, gaol::output o) : error(e), output(std::move(o)) {}
	gaol::output output;
};

/// descriptor closes itself.
class descriptor {
public:
	explicit descriptor(int fd = -1) noexcept : fd_(fd) {}
	descriptor(descriptor &&d) noexcept : fd_(d.release()) {}
	descriptor &operator=(descriptor &&d) noexcept { return std::swap(fd_, d.fd_), *this; }
	~descriptor() { reset(); }
	int get() const noexcept { return fd_; }
	int release() noexcept { return std::exchange(fd_, -1); }
	void reset() noexcept {
		if (fd_ >= 0) ::close(release());
	}

private:
	int fd_;
};

/// command is a program that is run once. What sets something returns the command, so that calls can be chained. One that is destroyed kills
/// what still runs.
class command {
public:
	command &program(const std::filesystem::path &p) & { return check(gaol_cmd_set_program(get(), detail::text(p.native()))); }
	/// The whole environment, "NAME=value" each.
	template <class Strings> command &env(const Strings &all) & { return check(gaol_cmd_set_env(get(), detail::list(all).get())); }
	command &env(std::initializer_list<std::string_view> all) & { return env<std::initializer_list<std::string_view>>(all); }
	command &dir(const std::filesystem::path &p) & { return check(gaol_cmd_set_dir(get(), detail::text(p.native()))); }
	/// stream is 0, 1 or 2; fd is duplicated.
	command &stdio(int stream, gaol_stdio how, int fd = -1) & { return check(gaol_cmd_set_stdio(get(), stream, how, fd)); }
	command &pass_fd(int fd, int inside = -1) & { return check(gaol_cmd_pass_fd(get(), fd, inside)); }
	command &limit(const gaol_limits &l) & { return check(gaol_cmd_set_limits(get(), &l)); }
	command &credential(const gaol_credential &c) & { return check(gaol_cmd_set_credential(get(), &c)); }
	command &umask(int mask) & { return check(gaol_cmd_set_umask(get(), mask)); }
	command &wait_delay(std::chrono::nanoseconds d) & { return check(gaol_cmd_set_wait_delay(get(), detail::ns(d))); }
	/// On a temporary, the same ones hand it on: sandbox.command({"ls"}).dir("/").run().
	template <class... A> command &&program(A &&...a) && { return std::move(program(std::forward<A>(a)...)); }
	template <class... A> command &&dir(A &&...a) && { return std::move(dir(std::forward<A>(a)...)); }
	template <class... A> command &&stdio(A &&...a) && { return std::move(stdio(std::forward<A>(a)...)); }
	template <class... A> command &&pass_fd(A &&...a) && { return std::move(pass_fd(std::forward<A>(a)...)); }
	command &&umask(int mask) && { return std::move(umask(mask)); }
	template <class... A> command &&limit(A &&...a) && { return std::move(limit(std::forward<A>(a)...)); }
	command &&env(std::initializer_list<std::string_view> all) && { return std::move(env(all)); }

	void start() {
		gaol_error *e;
		if (gaol_cmd_start(get(), &e) < 0) throw error(e);
	}
	descriptor take_pipe(int stream) { return descriptor(value(gaol_cmd_take_pipe(get(), stream))); }
	gaol::status wait() {
		int s = 0;
		gaol_error *e;
		if (gaol_cmd_wait(get(), &s, &e) < 0) throw error(e);
		return gaol::status(s);
	}
	/// Nothing, where the program still runs when the time is over.
	std::optional<gaol::status> wait_for(std::chrono::nanoseconds limit) {
		int s = 0;
		gaol_error *e;
		if (int r = gaol_cmd_wait_timeout(get(), detail::ns(limit), &s, &e); r == 0) return gaol::status(s);
		error failed(e);
		if (failed.code() == GAOL_ERROR_TIMEOUT) return std::nullopt;
		throw failed;
	}
	gaol::status run() {
		start();
		return wait();
	}
	/// Collects the output, but for streams that stdio has directed; a timeout above 0 kills the program and throws gaol::timeout.
	gaol::output capture(std::optional<std::string_view> input = {}, std::chrono::nanoseconds limit = {}) {
		gaol_run_options o = GAOL_RUN_OPTIONS_INIT;
		if (input) o.input = input->data() ? input->data() : "", o.input_size = input->size();
		o.timeout_ns = detail::ns(limit);
		gaol_output got = GAOL_OUTPUT_INIT;
		gaol_error *e;
		int r = gaol_cmd_capture(get(), &o, &got, &e);
		detail::buffer out(got.out), err(got.err);
		gaol::output all{gaol::status(got.status), std::string(), std::string()};
		if (out) all.out.assign(out.get(), got.out_size);
		if (err) all.err.assign(err.get(), got.err_size);
		if (r < 0 && gaol_error_code(e) == GAOL_ERROR_TIMEOUT) throw gaol::timeout(e, std::move(all));
		if (r < 0) throw error(e);
		return all;
	}
	void signal(int number) { value(gaol_cmd_signal(get(), number)); }
	void kill() { value(gaol_cmd_kill(get())); }
	int pid() const { return value(gaol_cmd_pid(get())); }
	/// Becomes readable at the end; it is the command's.
	int poll_fd() { return value(gaol_cmd_poll_fd(get())); }
	gaol::report report() const {
		gaol_error *e;
		gaol_report *r = gaol_cmd_report(get(), &e);
		if (!r) throw error(e);
		return gaol::report(r);
	}
	gaol_cmd *get() const noexcept { return h_.get(); }

private:
	friend class sandbox;
	explicit command(gaol_cmd *c) : h_(c) {}
	command &check(int r) {
		if (r >= 0) return *this;
		gaol_error *e = nullptr;
		gaol_cmd_check(get(), &e);
		throw error(e, -r, r == -EALREADY ? GAOL_ERROR_STATE : GAOL_ERROR_ARGUMENT);
	}
	static int value(int r) {
		if (r < 0) throw error(nullptr, -r, r == -ESRCH || r == -ECHILD ? GAOL_ERROR_STATE : GAOL_ERROR_ARGUMENT);
		return r;
	}
	detail::handle<gaol_cmd, gaol_cmd_free> h_;
};

/// sandbox is a compiled profile, for as many commands as wanted.
class sandbox {
public:
	explicit sandbox(const profile &p) {
		gaol_error *e;
		h_.reset(gaol_sandbox_new(p.get(), &e));
		if (!h_) throw error(e);
	}
	template <class Strings> gaol::command command(const Strings &argv) const {
		gaol_cmd *c = gaol_cmd_new(h_.get(), detail::list(argv).get());
		if (!c) throw error(nullptr, errno);
		return gaol::command(c);
	}
	gaol::command command(std::initializer_list<std::string_view> argv) const { return command<std::initializer_list<std::string_view>>(argv); }
	std::string explain() const { return detail::taken(gaol_sandbox_explain(h_.get())); }
	gaol::report report() const {
		gaol_error *e;
		gaol_report *r = gaol_sandbox_report(h_.get(), &e);
		if (!r) throw error(e);
		return gaol::report(r);
	}
	gaol_sandbox *get() const noexcept { return h_.get(); }

private:
	detail::handle<gaol_sandbox, gaol_sandbox_free> h_;
};

} // namespace gaol

#endif
