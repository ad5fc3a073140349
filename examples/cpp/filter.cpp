// A filter for data from strangers: what it reads on its standard input goes through gzip in a sandbox that has no file of the user, no network
// and no second process, and is killed after 10 seconds.
#include <gaol.hpp>
#include <iostream>
#include <iterator>

int main() try {
	std::string input{std::istreambuf_iterator<char>(std::cin), {}};
	gaol::sandbox sandbox(gaol::profile().system());
	auto done = sandbox.command({"gzip", "-dc"}).capture(input, std::chrono::seconds(10));
	std::cout << done.out;
	std::cerr << done.err;
	return done.success() ? 0 : 1;
} catch (const gaol::timeout &e) {
	std::cerr << "it took too long, after " << e.output.out.size() << " bytes\n";
	return 1;
} catch (const gaol::error &e) {
	std::cerr << e.what() << "\n";
	return 125;
}
