#include <gaol.hpp>
#include <iostream>

int main() { std::cout << "C++ " << gaol::profile().system().operations().at(0) << "\n"; }
