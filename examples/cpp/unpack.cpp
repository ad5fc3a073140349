// Unpacks an archive from a stranger: tar may read it and write into the directory, nothing else, and is ended after 10 seconds.
#include <gaol.hpp>
#include <iostream>

int main(int argc, char **argv) try {
	if (argc != 3) {
		std::cerr << "usage: unpack ARCHIVE DIRECTORY, both absolute\n";
		return 2;
	}
	std::string archive = argv[1], directory = argv[2];
	gaol::profile profile;
	profile.system()
		.process() // tar starts gzip
		.read(gaol::literal(archive))
		.read(directory)
		.write(directory)
		.limit(gaol::limits().wall(std::chrono::seconds(10)));
	gaol::sandbox sandbox(profile);
	auto command = sandbox.command({"tar", "-xf", archive, "-C", directory, "--no-same-owner"});
	command.stdio(2, GAOL_STDIO_INHERIT);
	auto status = command.run();
	if (!status.success()) std::cerr << "tar failed\n";
	return status.success() ? 0 : 1;
} catch (const gaol::error &e) { // it names the fault, or what this host cannot enforce
	std::cerr << e.what() << "\n";
	return 1;
}
