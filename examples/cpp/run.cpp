// Runs a program that may read one directory and nothing else. Usage: run DIRECTORY PROGRAM [ARGUMENT...]
#include <gaol.hpp>
#include <iostream>

int main(int argc, char **argv) try {
	if (argc < 3) return 2;
	gaol::sandbox sandbox(gaol::profile().system().read(argv[1]));
	auto command = sandbox.command(std::vector<std::string>(argv + 2, argv + argc));
	for (int stream = 0; stream < 3; stream++) command.stdio(stream, GAOL_STDIO_INHERIT);
	auto status = command.run();
	return status.signal() ? 128 + status.signal() : status.exit_code();
} catch (const gaol::error &e) {
	std::cerr << e.what() << "\n";
	for (const auto &u : e.unsupported()) std::cerr << "  " << u.operation << " needs " << u.mechanism << "\n";
	return 125;
}
