/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "ingest/pipeline.h"

#include <string.h>

int
main(int argc, char **argv)
{
    /* Before anything else: a child must not open, load or start what it does not need. */
    if (argc == 3 && strcmp(argv[1], HEED_CHILD_ARGUMENT) == 0)
        return heed_pipeline_child(argv[2]);
    return heed_command_main(argc, argv);
}
