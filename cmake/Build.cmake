# The build flavours: faults, sanitizers, hardening. Applied to all of our targets through heed_room().
add_library(heed_flags INTERFACE)
target_link_libraries(heed_flags INTERFACE heed_warnings)
target_compile_options(heed_flags INTERFACE -fvisibility=hidden -fno-strict-aliasing)

if(HEED_FAULTS)
    target_compile_definitions(heed_flags INTERFACE HEED_FAULTS=1)
endif()
if(HEED_SANITIZE)
    target_compile_definitions(heed_flags INTERFACE HEED_SANITIZED=1)
    target_compile_options(heed_flags INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(heed_flags INTERFACE -fsanitize=address,undefined)
endif()
if(HEED_FUZZ)
    target_compile_options(heed_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(HEED_HARDEN)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
    target_compile_options(heed_flags INTERFACE
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
        $<$<C_COMPILER_ID:GNU>:-ftrivial-auto-var-init=zero>)
    target_link_options(heed_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()

# heed_room(NAME SOURCES … LINKS …): one static library a room; includes read "room/header.h".
function(heed_room name)
    cmake_parse_arguments(ROOM "" "" "SOURCES;LINKS" ${ARGN})
    add_library(heed_${name} STATIC ${ROOM_SOURCES})
    target_include_directories(heed_${name} PUBLIC ${PROJECT_SOURCE_DIR})
    target_link_libraries(heed_${name} PUBLIC ${ROOM_LINKS} PRIVATE heed_flags)
endfunction()

# heed_embed(TARGET SYMBOL FILE…): puts text files into the program as `const HeedEmbedded SYMBOL[]`, sorted by
# name and ended by a row of NULLs (base/embedded.h).
function(heed_embed target symbol)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
    add_custom_command(OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -D OUTPUT=${output} -D SYMBOL=${symbol} "-DFILES=${ARGN}"
                -P ${PROJECT_SOURCE_DIR}/cmake/Embed.cmake
        DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/cmake/Embed.cmake VERBATIM)
    target_sources(${target} PRIVATE ${output})
endfunction()
