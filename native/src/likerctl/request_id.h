/* Ids of calls that change something. */
#pragma once

#define REQUEST_ID_ROOM 37

/* A random UUID. */
void make_request_id (char id[REQUEST_ID_ROOM]);
