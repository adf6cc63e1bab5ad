#include "path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MBIT (1000000ull / 8)
#define MIB (1024ull * 1024)

/* The named paths of the benchmark, and the volume that is sent over each. */
static const struct { PATH Path; uint64_t Bytes; } NAMED[] = {
    { { .Name = "lan1g", .Rate = 1000 * MBIT, .Rtt = 2000, .Queue = 512000, .AckEvery = 41 }, 1024 * MIB },
    { { .Name = "wifi", .Rate = 300 * MBIT, .Rtt = 6000, .Queue = 640000, .Jitter = 4000, .Loss = 0.01, .Burst = 6, .AckEvery = 41 }, 256 * MIB },
    { { .Name = "metro", .Rate = 500 * MBIT, .Rtt = 20000, .Queue = 640000, .AckEvery = 41 }, 512 * MIB },
    { { .Name = "wan", .Rate = 500 * MBIT, .Rtt = 50000, .Queue = 1600000, .Loss = 0.001, .AckEvery = 41 }, 512 * MIB },
    { { .Name = "shallow", .Rate = 500 * MBIT, .Rtt = 50000, .Queue = 320000, .AckEvery = 41 }, 512 * MIB },
    { { .Name = "far", .Rate = 200 * MBIT, .Rtt = 150000, .Queue = 1900000, .Loss = 0.005, .AckEvery = 41 }, 256 * MIB },
    { { .Name = "gigabit far", .Rate = 1000 * MBIT, .Rtt = 100000, .Queue = 3000000, .Loss = 0.0001, .AckEvery = 41 }, 1024 * MIB },
    { { .Name = "one per cent", .Rate = 500 * MBIT, .Rtt = 50000, .Queue = 1600000, .Loss = 0.01, .AckEvery = 41 }, 512 * MIB },
    { { .Name = "deep queue", .Rate = 100 * MBIT, .Rtt = 40000, .Queue = 5000000, .AckEvery = 41 }, 100 * MIB },
    { { .Name = "slow", .Rate = 5 * MBIT, .Rtt = 60000, .Queue = 60000, .AckEvery = 2 }, 10 * MIB },
};
#define NAMED_COUNT (sizeof(NAMED) / sizeof(NAMED[0]))

typedef struct { double Use, Waste, Queue, Half; } OUTCOME;

static OUTCOME Measure(uint32_t Index, ALGORITHM Algorithm, uint32_t InitialWindow, uint64_t Seed, BOOLEAN Trace)
{
    RUN* Run = calloc(1, sizeof(RUN));
    Run->Path = NAMED[Index].Path;
    Run->Flows = 1;
    Run->Plan[0] = (FLOW_PLAN) { .Algorithm = Algorithm, .Bytes = NAMED[Index].Bytes, .InitialWindow = InitialWindow };
    Run->End = 60 * SECOND;
    Run->Seed = Seed;
    Run->Trace = Trace;
    Simulate(Run);
    FLOW_RESULT* r = &Run->Result[0];
    uint64_t Time = r->Done ? r->Done : Run->End;
    OUTCOME Outcome = {
        .Use = 100.0 * (double)(r->Arrived - r->Spurious) / ((double)Run->Path.Rate * (double)Time / SECOND),
        .Waste = 100.0 * (double)r->Dropped / (double)r->Arrived,
        .Queue = 100.0 * Run->MeanQueue / (double)Run->Path.Queue,
        .Half = (double)r->HalfRate / MILLISECOND,
    };
    free(Run);
    return Outcome;
}

static OUTCOME Mean(uint32_t Index, ALGORITHM Algorithm, uint32_t InitialWindow)
{
    OUTCOME Sum = { 0 };
    const int Runs = 3;
    for (int i = 0; i < Runs; i++) {
        OUTCOME o = Measure(Index, Algorithm, InitialWindow, (uint64_t)i + 1, FALSE);
        Sum.Use += o.Use / Runs;
        Sum.Waste += o.Waste / Runs;
        Sum.Queue += o.Queue / Runs;
        Sum.Half += o.Half / Runs;
    }
    return Sum;
}

static void Table(const char* Label, ALGORITHM Algorithm, uint32_t InitialWindow)
{
    for (uint32_t i = 0; i < NAMED_COUNT; i++) {
        OUTCOME o = Mean(i, Algorithm, InitialWindow);
        printf("%-14s %-14s used %5.1f %%  wasted %5.2f %%  queue %5.1f %%  half rate after %6.0f ms\n", NAMED[i].Path.Name, Label,
            o.Use, o.Waste, o.Queue, o.Half);
        fflush(stdout);
    }
}

/*
 * The promises. Every run is deterministic, so a bound that holds here holds; they leave room for other seeds.
 */

static int Failures;

static void Expect(BOOLEAN Holds, const char* What, double Found, double Bound)
{
    printf("%s %s: %.2f (bound %.2f)\n", Holds ? "ok  " : "FAIL", What, Found, Bound);
    fflush(stdout);
    if (!Holds) Failures++;
}

static void AtLeast(const char* What, double Found, double Bound) { Expect(Found >= Bound, What, Found, Bound); }

static void AtMost(const char* What, double Found, double Bound) { Expect(Found <= Bound, What, Found, Bound); }

static RUN* NewRun(PATH Path, uint64_t Seconds)
{
    RUN* Run = calloc(1, sizeof(RUN));
    Run->Path = Path;
    Run->End = Seconds * SECOND;
    Run->Seed = 7;
    return Run;
}

static void AddFlow(RUN* Run, FLOW_PLAN Plan)
{
    if (Plan.Bytes == 0) Plan.Bytes = UINT64_MAX;
    if (Plan.InitialWindow == 0) Plan.InitialWindow = 10;
    Run->Plan[Run->Flows++] = Plan;
}

/* Per cent of the path from the mark to the end. */
static double Share(const RUN* Run, uint32_t Flow)
{
    double Time = (double)(Run->End - Run->Mark) / SECOND;
    return 100.0 * (double)(Run->Result[Flow].Arrived - Run->Result[Flow].ArrivedAtMark) / ((double)Run->Path.Rate * Time);
}

static const PATH* Named(const char* Name)
{
    for (uint32_t i = 0; i < NAMED_COUNT; i++) {
        if (strcmp(NAMED[i].Path.Name, Name) == 0) return &NAMED[i].Path;
    }
    abort();
}

static void CheckNamedPaths(void)
{
    static const struct { const char* Name; double Use, Waste, Half; } BOUNDS[] = {
        { "lan1g", 97, 0.5, 100 }, { "wifi", 90, 0.5, 200 }, { "metro", 96, 1, 300 }, { "wan", 92, 1, 650 },
        { "shallow", 90, 1.5, 650 }, { "far", 84, 1.5, 1700 }, { "gigabit far", 85, 1.5, 1400 }, { "one per cent", 88, 1, 650 },
        { "deep queue", 94, 0.5, 500 }, { "slow", 94, 1, 400 },
    };
    for (uint32_t i = 0; i < NAMED_COUNT; i++) {
        OUTCOME o = Mean(i, BBR, 10);
        char What[80];
        snprintf(What, sizeof(What), "%s, per cent used", BOUNDS[i].Name);
        AtLeast(What, o.Use, BOUNDS[i].Use);
        snprintf(What, sizeof(What), "%s, per cent dropped by the queue", BOUNDS[i].Name);
        AtMost(What, o.Waste, BOUNDS[i].Waste);
        snprintf(What, sizeof(What), "%s, milliseconds to half of the rate", BOUNDS[i].Name);
        AtMost(What, o.Half, BOUNDS[i].Half);
    }
}

/* The mean of some seeds: what one run does is partly chance. */
static void CheckPair(const char* Name, const char* What, uint64_t SecondStart, ALGORITHM Second, double LeastOfSecond, double MostOfSecond)
{
    const uint64_t Seeds = 5;
    double Part = 0, Both = 0, Dropped = 0, Least = 100;
    for (uint64_t Seed = 1; Seed <= Seeds; Seed++) {
        RUN* Run = NewRun(*Named(Name), 20);
        Run->Seed = Seed;
        Run->Mark = SecondStart + 2 * SECOND;
        AddFlow(Run, (FLOW_PLAN) { .Algorithm = BBR });
        AddFlow(Run, (FLOW_PLAN) { .Algorithm = Second, .Start = SecondStart });
        Run->Trace = getenv("TRACE") != NULL;
        Simulate(Run);
        double First = Share(Run, 0), Other = Share(Run, 1);
        const FLOW_RESULT* r = Run->Result;
        Part += 100 * Other / (First + Other) / (double)Seeds;
        Least = CXPLAT_MIN(Least, 100 * Other / (First + Other));
        Both += (First + Other) / (double)Seeds;
        Dropped += 100.0 * (double)(r[0].Dropped + r[1].Dropped) / (double)(r[0].Arrived + r[1].Arrived) / (double)Seeds;
        free(Run);
    }
    char Text[120];
    snprintf(Text, sizeof(Text), "%s, %s: per cent that the second has (least %.0f)", Name, What, Least);
    AtLeast(Text, Part, LeastOfSecond);
    AtMost(Text, Part, MostOfSecond);
    snprintf(Text, sizeof(Text), "%s, %s: per cent of the path used", Name, What);
    AtLeast(Text, Both, 85);
    snprintf(Text, sizeof(Text), "%s, %s: per cent dropped", Name, What);
    AtMost(Text, Dropped, 3);
}

/* How evenly flows of ours share a path, over some seeds; shares in per cent of what all get while all of them run. */
typedef struct { double Least, MeanLeast, Jain, LeastInSecond, Used, Dropped; } EVENNESS;

static void AddRun(EVENNESS* e, const RUN* Run, double Runs)
{
    double Sum = 0, Squares = 0, Least = 100, Dropped = 0, Arrived = 0;
    for (uint32_t i = 0; i < Run->Flows; i++) {
        double Part = Share(Run, i);
        Sum += Part;
        Squares += Part * Part;
        Least = CXPLAT_MIN(Least, Part);
        Dropped += (double)Run->Result[i].Dropped;
        Arrived += (double)Run->Result[i].Arrived;
    }
    for (uint64_t s = Run->Mark / SECOND + 1; s < Run->End / SECOND; s++) {
        double All = 0, LeastNow = 1e18;
        for (uint32_t i = 0; i < Run->Flows; i++) {
            All += (double)Run->Result[i].ArrivedIn[s];
            LeastNow = CXPLAT_MIN(LeastNow, (double)Run->Result[i].ArrivedIn[s]);
        }
        e->LeastInSecond = CXPLAT_MIN(e->LeastInSecond, 100 * LeastNow / All);
    }
    e->Least = CXPLAT_MIN(e->Least, 100 * Least / Sum);
    e->MeanLeast += 100 * Least / Sum / Runs;
    e->Jain += Sum * Sum / (Run->Flows * Squares) / Runs;
    e->Used += Sum / Runs;
    e->Dropped += 100 * Dropped / Arrived / Runs;
}

static EVENNESS ShareEvenly(const char* Name, uint32_t Flows, uint64_t Apart, uint64_t Seconds, uint64_t Seeds)
{
    EVENNESS e = { .Least = 100, .LeastInSecond = 100 };
    for (uint64_t Seed = 1; Seed <= Seeds; Seed++) {
        uint64_t Last = Apart * (Flows - 1);
        RUN* Run = NewRun(*Named(Name), Last / SECOND + Seconds);
        Run->Seed = Seed;
        Run->Mark = Last + SECOND / 2;
        for (uint32_t i = 0; i < Flows; i++) AddFlow(Run, (FLOW_PLAN) { .Algorithm = BBR, .Start = i * Apart, .InitialWindow = 32 });
        Simulate(Run);
        AddRun(&e, Run, (double)Seeds);
        free(Run);
    }
    return e;
}

static void ShowShares(void)
{
    static const struct { const char* Name; uint32_t Flows; uint64_t Apart, Seconds; } CASES[] = {
        { "metro", 2, 0, 8 }, { "metro", 2, SECOND / 20, 8 }, { "metro", 2, 2 * SECOND, 8 }, { "metro", 3, 0, 10 }, { "metro", 3, 2 * SECOND, 10 },
        { "wan", 2, 0, 10 }, { "wan", 2, 2 * SECOND, 10 }, { "wan", 3, 0, 10 }, { "shallow", 2, 0, 10 }, { "shallow", 2, 2 * SECOND, 10 },
        { "far", 2, 0, 15 }, { "far", 2, 2 * SECOND, 15 }, { "lan1g", 2, 0, 6 }, { "lan1g", 2, 2 * SECOND, 6 }, { "wifi", 2, 0, 8 },
        { "deep queue", 2, 0, 8 },
    };
    for (uint32_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        EVENNESS e = ShareEvenly(CASES[i].Name, CASES[i].Flows, CASES[i].Apart, CASES[i].Seconds, 12);
        printf("%-10s %u flows, %4.2f s apart: the smallest share %4.1f on average, %4.1f at worst, %4.1f in one second; Jain %.3f; used %5.1f %%, dropped %.2f %%\n",
            CASES[i].Name, CASES[i].Flows, (double)CASES[i].Apart / SECOND, e.MeanLeast, e.Least, e.LeastInSecond, e.Jain, e.Used, e.Dropped);
        fflush(stdout);
    }
}

static void CheckEvenness(void)
{
    static const struct { uint32_t Flows; uint64_t Apart; double MeanLeast, Least, Jain; } CASES[] = {
        { 2, 0, 44, 40, 0.97 },
        /* The second meets the overshoot of the first one's Startup: the worst case. */
        { 2, SECOND / 20, 40, 30, 0.94 },
        { 2, 2 * SECOND, 40, 35, 0.95 },
        { 3, 0, 26, 20, 0.96 },
        { 3, 2 * SECOND, 22, 10, 0.94 },
    };
    for (uint32_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        EVENNESS e = ShareEvenly("metro", CASES[i].Flows, CASES[i].Apart, 8, 6);
        char What[120];
        snprintf(What, sizeof(What), "metro, %u flows, %.2f s apart: the smallest share", CASES[i].Flows, (double)CASES[i].Apart / SECOND);
        AtLeast(What, e.MeanLeast, CASES[i].MeanLeast);
        AtLeast("the same, at worst", e.Least, CASES[i].Least);
        AtLeast("the same, Jain's index", e.Jain, CASES[i].Jain);
        AtLeast("the same, per cent of the path used", e.Used, 97);
        AtMost("the same, per cent dropped", e.Dropped, 1.5);
    }
}

/* Loss at random is not a full queue: the rate is found as soon as without it, single packets and bursts alike. */
static void CheckStartup(void)
{
    static const struct { double Loss, Burst; } LOSSES[] = { { 0.005, 1 }, { 0.01, 1 }, { 0.01, 6 }, { 0.015, 1 } };
    const uint64_t Seeds = 8;
    PATH Path = *Named("far");
    double Without = 0;
    for (uint32_t i = 0; i <= sizeof(LOSSES) / sizeof(LOSSES[0]); i++) {
        Path.Loss = i == 0 ? 0 : LOSSES[i - 1].Loss;
        Path.Burst = i == 0 ? 1 : LOSSES[i - 1].Burst;
        double Latest = 0;
        for (uint64_t Seed = 1; Seed <= Seeds; Seed++) {
            RUN* Run = NewRun(Path, 4);
            Run->Seed = Seed;
            AddFlow(Run, (FLOW_PLAN) { .Algorithm = BBR, .InitialWindow = 32 });
            Simulate(Run);
            Latest = CXPLAT_MAX(Latest, Run->Result[0].HalfRate ? (double)Run->Result[0].HalfRate / MILLISECOND : 1e9);
            free(Run);
        }
        if (i == 0) {
            Without = Latest;
            continue;
        }
        char What[120];
        snprintf(What, sizeof(What), "far with %.1f %% of loss, %.0f in a row: milliseconds to half of the rate", 100 * Path.Loss, Path.Burst);
        AtMost(What, Latest, Without + (double)Path.Rtt / MILLISECOND);
    }
}

static void CheckSharing(void)
{
    CheckPair("metro", "two at once", 0, BBR, 40, 60);
    CheckPair("wan", "two at once", 0, BBR, 40, 60);
    CheckPair("shallow", "two at once", 0, BBR, 40, 60);
    CheckPair("far", "two at once", 0, BBR, 35, 65);
    CheckPair("lan1g", "two at once", 0, BBR, 35, 65);
    /* Two programs never start at the same moment. */
    CheckPair("metro", "one a fifth of a second later", SECOND / 5, BBR, 40, 60);
    CheckPair("metro", "one half a second later", SECOND / 2, BBR, 40, 60);
    CheckPair("wan", "one half a second later", SECOND / 2, BBR, 30, 60);
    CheckPair("metro", "one five seconds later", 5 * SECOND, BBR, 30, 65);
    CheckPair("metro", "beside CUBIC", 0, CUBIC, 20, 80);
}

static void CheckRecovery(void)
{
    /* Half a second in which nothing arrives. */
    PATH Path = *Named("wan");
    Path.OutageStart = 5 * SECOND;
    Path.OutageEnd = Path.OutageStart + SECOND / 2;
    RUN* Run = NewRun(Path, 12);
    Run->Mark = 8 * SECOND;
    AddFlow(Run, (FLOW_PLAN) { .Algorithm = BBR });
    Simulate(Run);
    AtLeast("wan, two and a half seconds after an outage of half a second: per cent used", Share(Run, 0), 88);
    AtMost("the same: milliseconds of the longest gap", (double)Run->Result[0].LongestGap / MILLISECOND, 1200);
    free(Run);

    /* Four seconds: persistent congestion. */
    Path.OutageEnd = Path.OutageStart + 4 * SECOND;
    Run = NewRun(Path, 20);
    Run->Mark = 15 * SECOND;
    AddFlow(Run, (FLOW_PLAN) { .Algorithm = BBR });
    Simulate(Run);
    AtLeast("wan, after an outage of four seconds: per cent used", Share(Run, 0), 88);
    free(Run);

    /* A path that halves, and one that doubles. */
    Path = *Named("metro");
    Path.HalveAt = 5 * SECOND;
    Run = NewRun(Path, 20);
    Run->Mark = 10 * SECOND;
    AddFlow(Run, (FLOW_PLAN) { .Algorithm = BBR });
    Simulate(Run);
    AtLeast("metro at half the rate: per cent of the full rate", Share(Run, 0), 46);
    AtMost("the same: per cent dropped", 100.0 * (double)Run->Result[0].Dropped / (double)Run->Result[0].Arrived, 4);
    free(Run);
    Path = *Named("wan");
    Path.DoubleAt = 5 * SECOND;
    Run = NewRun(Path, 25);
    Run->Mark = 15 * SECOND;
    AddFlow(Run, (FLOW_PLAN) { .Algorithm = BBR });
    Simulate(Run);
    AtLeast("wan at twice the rate, ten seconds later: per cent of the first rate", Share(Run, 0), 180);
    free(Run);

    /* Packets that overtake each other are declared lost and are not. */
    Path = *Named("metro");
    Path.Reorder = 0.02;
    Run = NewRun(Path, 10);
    Run->Mark = 2 * SECOND;
    AddFlow(Run, (FLOW_PLAN) { .Algorithm = BBR });
    Simulate(Run);
    AtLeast("metro with reordering: per cent used", Share(Run, 0), 88);
    free(Run);
}

static void CheckRunningOutOfData(void)
{
    /* A slow disk for eight seconds, then as much as goes: the path must be found at once, and not be forgotten meanwhile. */
    PATH Path = *Named("metro");
    RUN* Run = NewRun(Path, 12);
    AddFlow(Run, (FLOW_PLAN) { .Algorithm = BBR, .AppRate = 5 * MIB, .AppPause = 40 * MILLISECOND, .AppFastAfter = 8 * SECOND });
    Run->Mark = 9 * SECOND;
    Simulate(Run);
    AtLeast("metro, a second after a slow disk: per cent used", Share(Run, 0), 88);
    free(Run);

    /* The same on a path that is not paced. */
    Path = (PATH) { .Name = "host", .Rate = 8000 * MBIT, .Rtt = 80, .Queue = 4000000, .AckEvery = 41 };
    Run = NewRun(Path, 3);
    AddFlow(Run, (FLOW_PLAN) { .Algorithm = BBR, .AppRate = 5 * MIB, .AppPause = 40 * MILLISECOND, .AppFastAfter = 2 * SECOND });
    Run->Mark = 2200 * MILLISECOND;
    Simulate(Run);
    AtLeast("host, after a slow disk: per cent used", Share(Run, 0), 80);
    free(Run);

    /* Held back by the receiver's window to a third of the path: the estimate may not fall below what is sent. */
    Path = *Named("wan");
    Run = NewRun(Path, 15);
    AddFlow(Run, (FLOW_PLAN) { .Algorithm = BBR, .FlowControl = 1 * MIB });
    Run->Mark = 5 * SECOND;
    Simulate(Run);
    AtLeast("wan with a window of 1 MiB: per cent of what the window allows",
        Share(Run, 0) / (100.0 * 1048576 / 0.05 / (double)Path.Rate) * 100, 90);
    free(Run);

    /* Small messages in close succession, as before the data of a transfer: three of their rounds are no full path. */
    Path = *Named("lan1g");
    Run = NewRun(Path, 2);
    AddFlow(Run, (FLOW_PLAN) { .Algorithm = BBR, .InitialWindow = 32, .AppRate = 500000, .AppPause = 2 * MILLISECOND, .AppFastAfter = SECOND / 5 });
    Run->Mark = SECOND / 2;
    Simulate(Run);
    AtLeast("lan1g, 300 ms after a time of small messages: per cent used", Share(Run, 0), 90);
    free(Run);

    /* Data only now and then: a piece of 1 MiB each second goes out at the rate of the path. */
    Path = *Named("metro");
    Run = NewRun(Path, 20);
    AddFlow(Run, (FLOW_PLAN) { .Algorithm = BBR, .AppRate = 1 * MIB, .AppPause = SECOND });
    Run->Mark = 2 * SECOND;
    Simulate(Run);
    AtLeast("metro, 1 MiB a second: per cent of it that arrives", Share(Run, 0) * (double)Path.Rate / 100 / (double)MIB * 100, 95);
    AtMost("the same: per cent dropped", 100.0 * (double)Run->Result[0].Dropped / (double)Run->Result[0].Arrived, 1);
    free(Run);
}

/* Bursts of a timer's tick do not fit into two packets of queue, and more than the threshold of loss is congestion by definition: slow, not stuck. */
static void CheckExtremes(void)
{
    static const struct { PATH Path; double Use; } PATHS[] = {
        { { .Name = "100 Gbit/s, 5 ms", .Rate = 100000 * MBIT, .Rtt = 5000, .Queue = 30000000, .AckEvery = 200 }, 80 },
        { { .Name = "40 Gbit/s, 50 us", .Rate = 40000 * MBIT, .Rtt = 50, .Queue = 4000000, .AckEvery = 200 }, 80 },
        { { .Name = "64 kbit/s, 600 ms", .Rate = 8000, .Rtt = 600000, .Queue = 30000, .AckEvery = 2 }, 80 },
        { { .Name = "one packet of queue", .Rate = 100 * MBIT, .Rtt = 20000, .Queue = 3000, .AckEvery = 10 }, 2 },
        { { .Name = "20 % loss", .Rate = 100 * MBIT, .Rtt = 40000, .Queue = 500000, .Loss = 0.2, .AckEvery = 10 }, 0.5 },
        { { .Name = "5 % loss", .Rate = 100 * MBIT, .Rtt = 40000, .Queue = 500000, .Loss = 0.05, .AckEvery = 10 }, 80 },
        { { .Name = "satellite", .Rate = 50 * MBIT, .Rtt = 700000, .Queue = 3000000, .Loss = 0.003, .AckEvery = 41 }, 60 },
    };
    for (uint32_t i = 0; i < sizeof(PATHS) / sizeof(PATHS[0]); i++) {
        RUN* Run = NewRun(PATHS[i].Path, PATHS[i].Path.Rate > 1000000000 ? 2 : 60);
        Run->Mark = Run->End / 2;
        AddFlow(Run, (FLOW_PLAN) { .Algorithm = BBR });
        Simulate(Run);
        char What[80];
        snprintf(What, sizeof(What), "%s: per cent used", PATHS[i].Path.Name);
        AtLeast(What, Share(Run, 0), PATHS[i].Use);
        snprintf(What, sizeof(What), "%s: longest gap in milliseconds", PATHS[i].Path.Name);
        AtMost(What, (double)Run->Result[0].LongestGap / MILLISECOND, 3000);
        free(Run);
    }
}

/* Liveness on paths that nobody thought of: whatever they are like, the transfer ends. */
static void CheckLiveness(void)
{
    uint64_t State = 12345;
    uint32_t Stuck = 0;
    double WorstGap = 0;
    const uint32_t Count = 100;
    for (uint32_t i = 0; i < Count; i++) {
        double r[8];
        for (int k = 0; k < 8; k++) {
            State = State * 6364136223846793005ull + 1442695040888963407ull;
            r[k] = (double)(State >> 11) / (double)(1ull << 53);
        }
        PATH Path = { .Name = "any" };
        Path.Rate = (uint64_t)(125000 * (1 + r[0] * r[0] * r[0] * 800));
        Path.Rtt = (uint64_t)(50 + r[1] * r[1] * 400000);
        if (Path.Rate > 60000000000000 / Path.Rtt) Path.Rate = 60000000000000 / Path.Rtt; /* what the simulation can remember */
        Path.Queue = (uint64_t)(3000 + r[2] * r[2] * 2 * (double)Path.Rate * (double)Path.Rtt / SECOND);
        Path.Loss = r[3] < 0.5 ? 0 : (r[3] - 0.5) * (r[3] - 0.5) * 0.4;
        Path.Burst = 1 + r[4] * 8;
        Path.Jitter = r[5] < 0.5 ? 0 : (uint64_t)((r[5] - 0.5) * 20000);
        Path.Reorder = r[6] < 0.8 ? 0 : 0.02;
        Path.AckEvery = 1 + (uint32_t)(r[7] * 60);
        if (i % 3 == 0) {
            Path.OutageStart = 2 * SECOND;
            Path.OutageEnd = Path.OutageStart + (uint64_t)(r[0] * 3 * SECOND);
        }
        RUN* Run = NewRun(Path, 400);
        Run->Seed = i + 1;
        /* Three seconds' worth, in a hundred times as long: up to ten per cent are lost, which is far above the threshold. */
        AddFlow(Run, (FLOW_PLAN) { .Algorithm = BBR, .Bytes = 3 * Path.Rate });
        Simulate(Run);
        if (!Run->Result[0].Done) {
            Stuck++;
            printf("     stuck: %u rate %llu rtt %llu queue %llu loss %.3f burst %.1f\n", i, (unsigned long long)Path.Rate,
                (unsigned long long)Path.Rtt, (unsigned long long)Path.Queue, Path.Loss, Path.Burst);
        }
        double Gap = (double)(Run->Result[0].LongestGap - (Path.OutageEnd - Path.OutageStart)) / (double)(Path.Rtt + 100000);
        if (Run->Result[0].LongestGap > Path.OutageEnd - Path.OutageStart && Gap > WorstGap) WorstGap = Gap;
        free(Run);
    }
    AtMost("100 paths at random: transfers that did not end", Stuck, 0);
    AtMost("the same: longest gap beside outages, in round trips and a tenth of a second", WorstGap, 40);
}

int main(int argc, char** argv)
{
    const char* Command = argc > 1 ? argv[1] : "";
    static const struct { const char* Name; void (*Check)(void); } CHECKS[] = {
        { "paths", CheckNamedPaths }, { "sharing", CheckSharing }, { "recovery", CheckRecovery },
        { "data", CheckRunningOutOfData }, { "extremes", CheckExtremes }, { "liveness", CheckLiveness }, { "evenness", CheckEvenness },
        { "startup", CheckStartup }, { "shares", ShowShares },
    };
    for (uint32_t i = 0; i < sizeof(CHECKS) / sizeof(CHECKS[0]); i++) {
        if (strcmp(Command, CHECKS[i].Name) == 0) {
            CHECKS[i].Check();
            return Failures ? 1 : 0;
        }
    }
    ALGORITHM Algorithm = argc > 2 && strcmp(argv[2], "cubic") == 0 ? CUBIC : BBR;
    uint32_t InitialWindow = argc > 3 ? (uint32_t)atoi(argv[3]) : 10;
    if (strcmp(Command, "table") == 0) {
        Table(argc > 2 ? argv[2] : "bbr", Algorithm, InitialWindow);
        return 0;
    }
    for (uint32_t i = 0; i < NAMED_COUNT; i++) {
        if (strcmp(Command, NAMED[i].Path.Name) == 0) {
            OUTCOME o = Measure(i, Algorithm, InitialWindow, argc > 4 ? (uint64_t)atoi(argv[4]) : 1, TRUE);
            printf("used %.1f wasted %.2f queue %.1f half %.0f\n", o.Use, o.Waste, o.Queue, o.Half);
            return 0;
        }
    }
    return 2;
}
