# The tests of the C and C++ side. Those of Go are `make test`.
find_package(Threads REQUIRED)
find_program(CLANG clang)
set(tests ${CMAKE_SOURCE_DIR}/tests)
set(strict -Wall -Wextra -Wpedantic -Werror)

function(gaol_program name)
	add_executable(${name} ${ARGN})
	target_link_libraries(${name} PRIVATE gaol::gaol Threads::Threads)
	target_compile_options(${name} PRIVATE ${strict})
	set_target_properties(${name} PROPERTIES C_STANDARD 11 CXX_STANDARD 17 C_EXTENSIONS ON CXX_EXTENSIONS OFF RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests
		BUILD_RPATH ${CMAKE_BINARY_DIR})
endfunction()

# the C tests: each file is a program
foreach(name profile handle command wait)
	gaol_program(c_${name} ${tests}/c/${name}_test.c)
	target_link_libraries(c_${name} PRIVATE cmocka)
	target_compile_options(c_${name} PRIVATE -O1 -Wno-pedantic -Wno-div-by-zero)
	add_test(NAME c_${name} COMMAND c_${name})
	add_test(NAME c_${name}_landlock COMMAND c_${name}) # once more as where there are no user namespaces
	list(APPEND by_landlock c_${name}_landlock)
endforeach()
# it loads the library itself
add_executable(c_host ${tests}/c/host_test.c)
target_include_directories(c_host PRIVATE include)
target_compile_options(c_host PRIVATE -Wall -Wextra -Werror -O1)
target_link_libraries(c_host PRIVATE cmocka Threads::Threads ${CMAKE_DL_LIBS})
set_target_properties(c_host PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_dependencies(c_host libgaol)
add_test(NAME c_host COMMAND c_host ${CMAKE_BINARY_DIR}/${soname})

# the C++ tests
gaol_program(cpp ${tests}/cpp/gaol_test.cpp)
target_link_libraries(cpp PRIVATE GTest::gtest_main)
add_test(NAME cpp COMMAND cpp)
add_test(NAME cpp_landlock COMMAND cpp)

# the header in the oldest languages that it promises, and the program that it opens with
file(WRITE ${CMAKE_BINARY_DIR}/header.c "#include <gaol.h>\n")
file(WRITE ${CMAKE_BINARY_DIR}/header.cpp "#include <gaol.h>\n")
add_library(header_c OBJECT ${CMAKE_BINARY_DIR}/header.c)
add_library(header_cpp OBJECT ${CMAKE_BINARY_DIR}/header.cpp)
set_target_properties(header_c PROPERTIES C_STANDARD 99 C_EXTENSIONS OFF)
set_target_properties(header_cpp PROPERTIES CXX_STANDARD 11 CXX_EXTENSIONS OFF)
foreach(name header_c header_cpp)
	target_include_directories(${name} PRIVATE include)
	target_compile_options(${name} PRIVATE ${strict})
endforeach()
add_test(NAME header COMMAND ${tests}/abi/shortest ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR} ${CMAKE_C_COMPILER})

# what the library shows, and that it has not changed
add_test(NAME abi COMMAND ${tests}/abi/check ${CMAKE_BINARY_DIR}/${soname})

# somebody else's project, against what is installed
add_test(NAME consumer COMMAND ${tests}/consumer/run ${CMAKE_BINARY_DIR})

# the table that Go, C and Python share. The table, the victim and the package lie in the build directory: the source may be another user's
gaol_program(c_cases ${tests}/abi/cases.c ${tests}/abi/cases_tree.c)
target_link_libraries(c_cases PRIVATE PkgConfig::CJSON)
configure_file(${tests}/cases.json ${CMAKE_BINARY_DIR}/tests/cases.json COPYONLY)
add_custom_target(victim ALL COMMAND ${CMAKE_COMMAND} -E env CGO_ENABLED=0 ${GO} build -o ${CMAKE_BINARY_DIR}/tests/victim ./tests/victim
	WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} VERBATIM)
add_test(NAME c_cases COMMAND c_cases ${CMAKE_BINARY_DIR}/tests/cases.json ${CMAKE_BINARY_DIR}/tests/victim)

# the examples
file(GLOB examples CONFIGURE_DEPENDS examples/c/*.c examples/cpp/*.cpp)
foreach(file ${examples})
	get_filename_component(name ${file} NAME_WE)
	get_filename_component(language ${file} DIRECTORY)
	get_filename_component(language ${language} NAME)
	gaol_program(example_${language}_${name} ${file})
	add_test(NAME example_${language}_${name} COMMAND ${tests}/example ${name} $<TARGET_FILE:example_${language}_${name}>)
endforeach()
add_custom_target(example_go ALL COMMAND ${cgo} ${go} -o ${CMAKE_BINARY_DIR}/tests/example_go_unpack ./examples/go/unpack
	WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} VERBATIM)
add_dependencies(example_go victim command) # one Go at a time, as above
add_test(NAME example_go_unpack COMMAND ${tests}/example unpack ${CMAKE_BINARY_DIR}/tests/example_go_unpack)
add_custom_target(example_python ALL
	COMMAND ${CMAKE_COMMAND} -E copy_directory ${CMAKE_SOURCE_DIR}/bindings/python/gaol ${CMAKE_BINARY_DIR}/tests/python/gaol
	COMMAND ${CMAKE_COMMAND} -E rm -f ${CMAKE_BINARY_DIR}/tests/python/gaol/${soname}
	COMMAND ${CMAKE_COMMAND} -E create_symlink ${CMAKE_BINARY_DIR}/${soname} ${CMAKE_BINARY_DIR}/tests/python/gaol/${soname}
	COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_SOURCE_DIR}/examples/python/unpack.py ${CMAKE_BINARY_DIR}/tests/python/unpack.py
	WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} VERBATIM)
add_test(NAME example_python_unpack COMMAND ${tests}/example unpack ${Python3_EXECUTABLE} -B ${CMAKE_BINARY_DIR}/tests/python/unpack.py)
add_test(NAME pasted COMMAND ${tests}/pasted)

# the C core by itself under the sanitizers, and fuzzed
add_test(NAME core_sanitized COMMAND ${GO} test -count=1 -run "Sanitized|OutsideOf" ./csrc WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
if(CLANG)
	add_test(NAME core_fuzz COMMAND ${tests}/abi/fuzz-core ${CMAKE_BINARY_DIR} ${CLANG} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
	add_test(NAME abi_fuzz COMMAND ${tests}/abi/fuzz-text ${CMAKE_BINARY_DIR} ${CLANG} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
else()
	message(STATUS "no clang: libFuzzer's targets are left out")
endif()
set_tests_properties(${by_landlock} cpp_landlock PROPERTIES ENVIRONMENT GAOL_TEST_ENGINE=landlock)
# 77: no engine of this host can do what all of them need; the output says why
set_tests_properties(c_profile c_handle c_command c_wait c_host cpp ${by_landlock} cpp_landlock PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
set_tests_properties(c_profile c_handle c_command c_wait c_host c_cases cpp header abi consumer core_sanitized PROPERTIES TIMEOUT 300)
