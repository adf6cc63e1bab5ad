#include "flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t Now;
static EVENT* Heap;
static uint32_t HeapCount, HeapCapacity;
static uint64_t Order;
static uint64_t RandomState;
static uint64_t CcRandomState;
FLOW Flows[MAX_FLOWS];
RUN* This;
static double LinkFree; /* when the last byte of the queue leaves */
static uint64_t LastDelivery;
static uint32_t BurstLeft;
static double QueueSum;
static uint64_t QueueCount;

/* What the controllers need of the rest of msquic. */

uint64_t CxPlatTimeUs64(void) { return Now; }

static uint64_t Next(uint64_t* State)
{
    uint64_t x = *State;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *State = x;
}

double Uniform(void) { return (double)(Next(&RandomState) >> 11) / (double)(1ull << 53); }

QUIC_STATUS CxPlatRandom(uint32_t BufferLen, void* Buffer)
{
    uint64_t Value = Next(&CcRandomState) >> 16;
    memcpy(Buffer, &Value, CXPLAT_MIN(BufferLen, sizeof(Value)));
    return QUIC_STATUS_SUCCESS;
}

void QuicSendBufferConnectionAdjust(QUIC_CONNECTION* Connection) { (void)Connection; }

QUIC_STATUS QuicConnIndicateEvent(QUIC_CONNECTION* Connection, QUIC_CONNECTION_EVENT* Event)
{
    (void)Connection;
    (void)Event;
    return QUIC_STATUS_SUCCESS;
}

void CxPlatLogAssert(const char* File, int Line, const char* Expression)
{
    fprintf(stderr, "%s:%d: %s\n", File, Line, Expression);
    abort();
}

void quic_bugcheck(const char* File, int Line, const char* Expression) { CxPlatLogAssert(File, Line, Expression); }

void QuicStreamSetGetFlowControlSummary(const QUIC_STREAM_SET* StreamSet, uint64_t* FcAvailable, uint64_t* SendWindow)
{
    (void)StreamSet;
    *FcAvailable = *SendWindow = 0;
}

/* Events */

static BOOLEAN Before(const EVENT* a, const EVENT* b) { return a->Time < b->Time || (a->Time == b->Time && a->Order < b->Order); }

void Push(uint64_t Time, EVENT_TYPE Type, uint32_t Flow, uint64_t Value, uint64_t Extra)
{
    if (HeapCount == HeapCapacity) {
        HeapCapacity = HeapCapacity * 2 + 1024;
        Heap = realloc(Heap, HeapCapacity * sizeof(EVENT));
    }
    uint32_t i = HeapCount++;
    Heap[i] = (EVENT) { .Time = Time, .Order = Order++, .Value = Value, .Extra = Extra, .Type = Type, .Flow = Flow };
    while (i > 0 && Before(&Heap[i], &Heap[(i - 1) / 2])) {
        EVENT t = Heap[i];
        Heap[i] = Heap[(i - 1) / 2];
        Heap[(i - 1) / 2] = t;
        i = (i - 1) / 2;
    }
}

static EVENT Pop(void)
{
    EVENT First = Heap[0];
    Heap[0] = Heap[--HeapCount];
    for (uint32_t i = 0;;) {
        uint32_t Least = i, Left = 2 * i + 1, Right = Left + 1;
        if (Left < HeapCount && Before(&Heap[Left], &Heap[Least])) Least = Left;
        if (Right < HeapCount && Before(&Heap[Right], &Heap[Least])) Least = Right;
        if (Least == i) return First;
        EVENT t = Heap[i];
        Heap[i] = Heap[Least];
        Heap[Least] = t;
        i = Least;
    }
}

static void Append(NUMBERS* List, uint64_t Number)
{
    if (List->Count == List->Capacity) {
        List->Capacity = List->Capacity * 2 + 64;
        List->Numbers = realloc(List->Numbers, List->Capacity * sizeof(uint64_t));
    }
    List->Numbers[List->Count++] = Number;
}

/* The path */

static double RateNow(void)
{
    double Rate = (double)This->Path.Rate;
    if (This->Path.HalveAt && Now >= This->Path.HalveAt) Rate /= 2;
    if (This->Path.DoubleAt && Now >= This->Path.DoubleAt) Rate *= 2;
    return Rate;
}

static BOOLEAN IsLost(void)
{
    const PATH* Path = &This->Path;
    if (Path->OutageEnd && Now >= Path->OutageStart && Now < Path->OutageEnd) return TRUE;
    if (BurstLeft > 0) {
        BurstLeft--;
        return TRUE;
    }
    double Burst = Path->Burst > 1 ? Path->Burst : 1;
    if (Path->Loss == 0 || Uniform() >= Path->Loss / Burst) return FALSE;
    BurstLeft = Burst > 1 ? (uint32_t)(Uniform() * 2 * (Burst - 1) + 0.5) : 0;
    return TRUE;
}

void Transmit(uint32_t Index, uint64_t Number, uint64_t SentTime)
{
    const PATH* Path = &This->Path;
    FLOW* Flow = &Flows[Index];
    double Rate = RateNow();
    double Start = LinkFree > (double)SentTime ? LinkFree : (double)SentTime;
    double Queued = (Start - (double)SentTime) * Rate / SECOND;
    QueueSum += Queued;
    QueueCount++;
    if (Queued + PACKET > (double)Path->Queue) {
        Flow->Result->Dropped += PACKET;
        return;
    }
    LinkFree = Start + PACKET * (double)SECOND / Rate;
    if (IsLost()) {
        Flow->Result->Lost += PACKET;
        return;
    }
    uint64_t Arrival = (uint64_t)LinkFree + Path->Rtt / 2;
    if (Path->Jitter) Arrival += (uint64_t)(Uniform() * (double)Path->Jitter);
    if (Path->Reorder > 0 && Uniform() < Path->Reorder) {
        Arrival += (uint64_t)(8 * PACKET * (double)SECOND / Rate) + 20;
    } else {
        Arrival = CXPLAT_MAX(Arrival, LastDelivery);
        LastDelivery = Arrival;
    }
    Push(Arrival, EVENT_ARRIVAL, Index, Number, 0);
}

/* The receiver */

static void SendAck(uint32_t Index)
{
    FLOW* Flow = &Flows[Index];
    Flow->AckTimerTime = 0;
    if (Flow->Pending.Count == 0) return;
    /* A lost acknowledgement: the next one tells the same. */
    if (This->Path.Loss > 0 && Uniform() < This->Path.Loss / 2) return;
    if (Flow->AckCount == Flow->AckCapacity) {
        Flow->AckCapacity = Flow->AckCapacity * 2 + 1024;
        Flow->Acks = realloc(Flow->Acks, Flow->AckCapacity * sizeof(NUMBERS));
    }
    Flow->Acks[Flow->AckCount] = Flow->Pending;
    memset(&Flow->Pending, 0, sizeof(Flow->Pending));
    /* Threads wake up after a while. */
    uint64_t Arrival = Now + This->Path.Rtt - This->Path.Rtt / 2 + (uint64_t)(Uniform() * 150);
    Arrival = CXPLAT_MAX(Arrival, Flow->LastAckArrival);
    Flow->LastAckArrival = Arrival;
    Push(Arrival, EVENT_ACK, Index, Flow->AckCount++, Now - Flow->OldestPending);
}

static void OnArrival(uint32_t Index, uint64_t Number)
{
    FLOW* Flow = &Flows[Index];
    FLOW_RESULT* Result = Flow->Result;
    if (Flow->LastArrival && !Flow->Plan->AppRate) {
        Result->LongestGap = CXPLAT_MAX(Result->LongestGap, Now - Flow->LastArrival);
    }
    Flow->LastArrival = Now;
    Result->Arrived += PACKET;
    if (Now < MAX_SECONDS * SECOND) Result->ArrivedIn[Now / SECOND] += PACKET;
    if (Now >= Flow->TenthStart + SECOND / 10) {
        Flow->TenthStart = Now;
        Flow->TenthBytes = 0;
    }
    Flow->TenthBytes += PACKET;
    if (!Result->HalfRate && Flow->TenthBytes >= This->Path.Rate / 20) Result->HalfRate = Now - Flow->Plan->Start;
    if (!Result->Done && Result->Arrived - Result->Spurious >= Flow->Plan->Bytes) Result->Done = Now - Flow->Plan->Start;
    BOOLEAN Gap = Flow->HasReceived && Number != Flow->LargestReceived + 1;
    Flow->LargestReceived = Flow->HasReceived ? CXPLAT_MAX(Flow->LargestReceived, Number) : Number;
    Flow->HasReceived = TRUE;
    if (Flow->Pending.Count == 0) Flow->OldestPending = Now;
    Append(&Flow->Pending, Number);
    uint32_t Every = Flow->NextNumber < 200 ? 2 : This->Path.AckEvery;
    if (Gap || Flow->Pending.Count >= Every) {
        SendAck(Index);
    } else if (Flow->AckTimerTime == 0) {
        Flow->AckTimerTime = Now + ACK_DELAY;
        Push(Flow->AckTimerTime, EVENT_ACK_TIMER, Index, 0, 0);
    }
}

static void OnApp(uint32_t Index)
{
    FLOW* Flow = &Flows[Index];
    const FLOW_PLAN* Plan = Flow->Plan;
    if (!Flow->BulkStarted) {
        /* What a handshake does: a few packets, and a round trip later the data. */
        Flow->BulkStarted = TRUE;
        Flow->ToSend = 2 * PACKET;
        Push(Now + This->Path.Rtt + 2 * MILLISECOND, EVENT_APP, Index, 0, 0);
    } else if (Plan->AppRate && !(Plan->AppFastAfter && Now >= Plan->AppFastAfter)) {
        uint64_t Pause = Plan->AppPause ? Plan->AppPause : MILLISECOND;
        Flow->ToSend += Plan->AppRate * Pause / SECOND;
        Push(Now + Pause, EVENT_APP, Index, 0, 0);
    } else {
        Flow->ToSend = Plan->Bytes == UINT64_MAX || Plan->AppRate ? UINT64_MAX / 2 : Plan->Bytes;
    }
    ScheduleFlush(Index, Now);
}

static void StartFlow(uint32_t Index)
{
    FLOW* Flow = &Flows[Index];
    memset(Flow, 0, sizeof(*Flow));
    Flow->Plan = &This->Plan[Index];
    Flow->Result = &This->Result[Index];
    memset(Flow->Result, 0, sizeof(*Flow->Result));
    Flow->Connection = calloc(1, sizeof(QUIC_CONNECTION));
    Flow->Packets = calloc(CAPACITY, sizeof(PACKET_RECORD));
    Flow->NextNumber = Flow->Oldest = 1;
    QUIC_CONNECTION* Connection = Flow->Connection;
    Connection->Paths[0].Mtu = 1500;
    QuicAddrSetFamily(&Connection->Paths[0].Route.RemoteAddress, QUIC_ADDRESS_FAMILY_INET);
    Connection->Paths[0].SmoothedRtt = 100 * MILLISECOND;
    Connection->Paths[0].RttVariance = 50 * MILLISECOND;
    Connection->Settings.PacingEnabled = TRUE;
    Connection->Settings.InitialWindowPackets = Flow->Plan->InitialWindow;
    Connection->Settings.SendIdleTimeoutMs = 1000;
    Connection->Settings.CongestionControlAlgorithm =
        Flow->Plan->Algorithm == BBR ? QUIC_CONGESTION_CONTROL_ALGORITHM_BBR : QUIC_CONGESTION_CONTROL_ALGORITHM_CUBIC;
    QuicCongestionControlInitialize(&Connection->CongestionControl, &Connection->Settings);
    Push(Flow->Plan->Start + 1, EVENT_APP, Index, 0, 0);
}

static void Trace(void)
{
    for (uint32_t i = 0; i < This->Flows; i++) {
        QUIC_CONGESTION_CONTROL* c = Cc(&Flows[i]);
        printf("%7.3f %u cwnd %8u arrived %10llu dropped %9llu queue %8.0f", (double)Now / SECOND, i,
            QuicCongestionControlGetCongestionWindow(c), (unsigned long long)Flows[i].Result->Arrived,
            (unsigned long long)Flows[i].Result->Dropped, (LinkFree > (double)Now ? LinkFree - (double)Now : 0) * RateNow() / SECOND);
#ifdef BBR_OF_OURS
        if (Flows[i].Plan->Algorithm == BBR) {
            printf(" state %u inflight %8u bw %6.2f lo %6.2f MB/s minrtt %6llu hi %8lld lo %8lld extra %llu app %u", c->Bbr.State,
                c->Bbr.BytesInFlight, (double)c->Bbr.MaxBw / 1e6, c->Bbr.BwLo == UINT64_MAX ? -1 : (double)c->Bbr.BwLo / 1e6,
                (unsigned long long)c->Bbr.MinRtt, (long long)c->Bbr.InflightHi, (long long)c->Bbr.InflightLo,
                (unsigned long long)CXPLAT_MAX(c->Bbr.ExtraAcked[0], c->Bbr.ExtraAcked[1]), c->Bbr.AppLimited);
        }
#endif
        printf("\n");
    }
}

static BOOLEAN AllDone(void)
{
    for (uint32_t i = 0; i < This->Flows; i++) {
        if (!Flows[i].Result->Done) return FALSE;
    }
    return TRUE;
}

void Simulate(RUN* Run)
{
    This = Run;
    Now = 0;
    HeapCount = 0;
    Order = 0;
    LinkFree = 0;
    LastDelivery = 0;
    BurstLeft = 0;
    QueueSum = 0;
    QueueCount = 0;
    RandomState = Run->Seed * 0x9e3779b97f4a7c15ull + 1;
    CcRandomState = RandomState ^ 0x5555555555555555ull;
    for (uint32_t i = 0; i < 10; i++) Next(&RandomState);
    for (uint32_t i = 0; i < Run->Flows; i++) StartFlow(i);
    if (Run->Trace) Push(0, EVENT_TRACE, 0, 0, 0);
    BOOLEAN Marked = FALSE;
    while (HeapCount > 0 && !AllDone()) {
        EVENT Event = Pop();
        if (Event.Time > Run->End) break;
        Now = Event.Time;
        if (Run->Mark && !Marked && Now >= Run->Mark) {
            Marked = TRUE;
            for (uint32_t i = 0; i < Run->Flows; i++) Run->Result[i].ArrivedAtMark = Run->Result[i].Arrived;
        }
        FLOW* Flow = &Flows[Event.Flow];
        switch (Event.Type) {
        case EVENT_FLUSH: if (Flow->FlushTime == Event.Time) Flush(Event.Flow); break;
        case EVENT_ARRIVAL: OnArrival(Event.Flow, Event.Value); break;
        case EVENT_ACK: OnAck(Event.Flow, Event.Value, Event.Extra); break;
        case EVENT_ACK_TIMER: if (Flow->AckTimerTime == Event.Time) SendAck(Event.Flow); break;
        case EVENT_LOSS_TIMER: if (Flow->LossTimerTime == Event.Time) OnLossTimer(Event.Flow); break;
        case EVENT_APP: OnApp(Event.Flow); break;
        case EVENT_TRACE: Trace(); Push(Now + 50 * MILLISECOND, EVENT_TRACE, 0, 0, 0); break;
        }
    }
    Run->MeanQueue = QueueCount ? QueueSum / (double)QueueCount : 0;
    for (uint32_t i = 0; i < Run->Flows; i++) {
        for (uint64_t a = 0; a < Flows[i].AckCount; a++) free(Flows[i].Acks[a].Numbers);
        free(Flows[i].Acks);
        free(Flows[i].Pending.Numbers);
        free(Flows[i].Packets);
        free(Flows[i].Connection);
    }
}
