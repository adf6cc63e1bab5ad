/*
 * A simulated path with msquic's congestion controllers at its end, in virtual time and with seeded randomness: the same numbers
 * on every machine. What surrounds a controller in msquic (loss detection, flush, pacing timer) is imitated here, with the real
 * structures, from reading it.
 */

#pragma once

#include "precomp.h"

#define MILLISECOND 1000ull
#define SECOND 1000000ull

typedef struct PATH {
    const char* Name;
    uint64_t Rate;        /* bytes per second */
    uint64_t Rtt;
    uint64_t Queue;       /* bytes, tail drop */
    double Loss;          /* part of the packets lost at random */
    double Burst;         /* mean length of such a loss in packets; 0 or 1: single ones */
    uint64_t Jitter;      /* order is kept */
    double Reorder;       /* part of the packets that arrive a few places late */
    uint32_t AckEvery;    /* the receiver acknowledges one in so many */
    uint64_t OutageStart; /* nothing gets through between these */
    uint64_t OutageEnd;
    uint64_t HalveAt;     /* the rate halves then, if not 0 */
    uint64_t DoubleAt;    /* and doubles here */
} PATH;

typedef enum ALGORITHM { CUBIC, BBR } ALGORITHM;

typedef struct FLOW_PLAN {
    ALGORITHM Algorithm;
    uint64_t Start;
    uint64_t Bytes;           /* UINT64_MAX: until the end */
    uint32_t InitialWindow;   /* packets */
    uint64_t AppRate;         /* bytes per second; 0: as much as goes */
    uint64_t AppPause;        /* with AppRate: data comes in pieces, one in this time */
    uint64_t AppFastAfter;    /* from here on as much as goes */
    uint64_t FlowControl;     /* bytes that may be unacknowledged; 0: any number */
} FLOW_PLAN;

#define MAX_SECONDS 64

typedef struct FLOW_RESULT {
    uint64_t Done;       /* when the last byte arrived; 0: it did not */
    uint64_t Arrived;    /* bytes, without duplicates */
    uint64_t Sent;       /* bytes */
    uint64_t Dropped;    /* bytes, by the queue */
    uint64_t Lost;       /* bytes, at random */
    uint64_t Spurious;   /* bytes declared lost that were not */
    uint64_t HalfRate;   /* first time a tenth of a second had half of the path's rate */
    uint64_t LongestGap; /* longest time without an arrival while there was data to send */
    uint64_t MaxWindow;
    uint64_t ArrivedAtMark;
    uint64_t ArrivedIn[MAX_SECONDS]; /* bytes, in each second of the run */
} FLOW_RESULT;

#define MAX_FLOWS 4

typedef struct RUN {
    PATH Path;
    uint32_t Flows;
    FLOW_PLAN Plan[MAX_FLOWS];
    FLOW_RESULT Result[MAX_FLOWS];
    uint64_t End;  /* stop here at the latest */
    uint64_t Mark; /* ArrivedAtMark is taken here */
    uint64_t Seed;
    double MeanQueue; /* bytes, as packets find it */
    BOOLEAN Trace;
} RUN;

void Simulate(RUN* Run);
