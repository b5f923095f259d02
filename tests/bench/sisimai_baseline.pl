#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Debian's Sisimai over a folder of messages, as its manual calls it. Prints how many reports it made.
use strict;
use warnings;
use Sisimai;

my $reports = Sisimai->make($ARGV[0], 'delivered' => 1);
printf "%d reports\n", $reports ? scalar @$reports : 0;
