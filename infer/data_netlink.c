/* SPDX-License-Identifier: MIT */
/*
 * Netlink sockets: a table for each protocol, one of those that resize themselves, whose chains end
 * with the place of their own head.
 */
#include "infer/data_solver.h"

void data_solve_netlink(struct data_solver *solver)
{
	(void)solver;
}
