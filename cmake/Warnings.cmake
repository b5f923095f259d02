# What every file of ours is compiled with; an interface target, so that foreign headers are spared.
add_library(heed_warnings INTERFACE)
target_compile_definitions(heed_warnings INTERFACE _POSIX_C_SOURCE=200809L _FILE_OFFSET_BITS=64)
target_compile_options(heed_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wformat=2
    -Wmissing-prototypes -Wstrict-prototypes -Wwrite-strings -Wvla -Wundef -Wpointer-arith
    -Wnull-dereference -Wswitch-enum -Wimplicit-fallthrough
    # Clang takes a variable that is there for its cleanup only as unused; gcc does not, and finds the others.
    $<$<C_COMPILER_ID:Clang>:-Wno-unused-variable>
    $<$<C_COMPILER_ID:GNU>:-Wformat-signedness -Wlogical-op -Wduplicated-cond -Wduplicated-branches>)
if(CMAKE_COMPILE_WARNING_AS_ERROR)
    target_compile_options(heed_warnings INTERFACE -Werror)
endif()
