# Every foreign library, once. Rooms link PkgConfig::X: system includes, so our warnings stay ours.
find_package(PkgConfig REQUIRED)

foreach(dependency IN ITEMS
        "GLIB;glib-2.0>=2.74"
        "GIO;gio-2.0>=2.74"
        "GMIME;gmime-3.0>=3.2"
        "JANSSON;jansson>=2.14"
        "HYPERSCAN;libhs"
        "IDN2;libidn2"
        "PSL;libpsl"
        "OPENSSL;openssl>=3.0"
        "LIBPQ;libpq"
        "CONFUSE;libconfuse>=3.3"
        "SECCOMP;libseccomp"
        "ZSTD;libzstd"
        "ZLIB;zlib"
        "LZMA;liblzma"
        "XXHASH;libxxhash")
    list(GET dependency 0 name)
    list(GET dependency 1 module)
    pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})
endforeach()

# libetpan's .pc file also names what it was itself linked with; only its own header and library are wanted.
find_path(ETPAN_INCLUDE_DIR libetpan/libetpan.h REQUIRED)
find_library(ETPAN_LIBRARY etpan REQUIRED)
add_library(heed_etpan INTERFACE)
target_include_directories(heed_etpan SYSTEM INTERFACE ${ETPAN_INCLUDE_DIR})
target_link_libraries(heed_etpan INTERFACE ${ETPAN_LIBRARY})
add_library(PkgConfig::ETPAN ALIAS heed_etpan)
