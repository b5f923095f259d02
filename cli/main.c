/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "ingest/pipeline.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Whoever starts us with one of these closed does not get the next file or socket that we open in
 * its place: reading and writing there fail as they should. */
static void
occupy_standard_files(void)
{
    static const int wrong_way[] = {O_WRONLY, O_RDONLY, O_WRONLY};

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", wrong_way[fd]);
}

int
main(int argc, char **argv)
{
    /* Before anything else: a child must not open, load or start what it does not need. */
    if (argc == 3 && strcmp(argv[1], HEED_CHILD_ARGUMENT) == 0)
        return heed_pipeline_child(argv[2]);
    occupy_standard_files();
    return heed_command_main(argc, argv);
}
