/*
 * BBR congestion control after draft-ietf-ccwg-bbr (BBRv3): our own text, MIT licensed like the rest of this repository.
 *
 * Names in quotation marks are sections of the draft. Where we differ from it, the comment says why; in short: loss counts only
 * above the threshold and only when it comes in several events (random loss on long paths is not congestion), a probe ends as
 * soon as it has filled a quarter of a path's volume of queue (and not after three rounds of it), and a sender that runs out of data is noticed
 * by what the pacer has to throw away, because msquic tells of that case only sometimes.
 */

#include "precomp.h"
#ifdef QUIC_CLOG
#include "bbr.c.clog.h"
#endif

#define BBR_NONE UINT64_MAX
#define BBR_SECOND 1000000ull

/* "Startup": 4 ln 2, the smallest pacing gain with which the rate doubles in each round. */
#define BBR_STARTUP_PACING_GAIN 277
/* "Startup": the window doubles too, with a round's worth for acknowledgements that come late. */
#define BBR_STARTUP_WINDOW_GAIN 200
/* "Drain": the queue of Startup, about one path's volume, leaves in about two rounds. */
#define BBR_DRAIN_PACING_GAIN 50
#define BBR_WINDOW_GAIN 200
/* "ProbeBW": gains of the four phases. */
#define BBR_UP_PACING_GAIN 125
#define BBR_UP_WINDOW_GAIN 225
#define BBR_DOWN_PACING_GAIN 90
#define BBR_CRUISE_PACING_GAIN 100
/*
 * While cruising with a queue that stands for a round: a queue of this part of the round-trip time, and of at least a few ticks of timers
 * or of a radio. The estimates of flows that share a path add up to more than it has, because each is a maximum: without a reaction a
 * newcomer finds the queue full for ever, loses packets in each probe, and keeps its small share. A queue that is drained costs no rate.
 */
#define BBR_QUEUE_PART 8
#define BBR_QUEUE_TIME 3000
/*
 * The gain falls by one per cent for so many bytes that we have in the queue, and by no more than the maximum. An absolute number: a
 * flow with a large share has more of the queue and gives more.
 */
#define BBR_QUEUE_PER_CENT 12000
#define BBR_QUEUE_MAX_CUT 25
/*
 * From the second such round in a row on (one alone may be jitter) the estimate falls too, by this part of the cut: otherwise the queue is back a few rounds later,
 * and a flow that probes into it finds nothing. In one cruise by no more than down to the floor: a path whose delay has changed looks the
 * same, and the next probe has to be able to tell.
 */
#define BBR_QUEUE_ROUNDS 2
#define BBR_QUEUE_YIELD_PART 3
#define BBR_QUEUE_FLOOR 70
/* "Pacing Rate": one per cent below the estimate, so that a queue drains rather than grows. */
#define BBR_PACING_MARGIN 99

/* "Loss": more than this part of a flight lost means that there is too much in flight. */
#define BBR_LOSS_THRESHOLD 2
/*
 * The threshold counts from what is lost anyhow, up to this many per ten thousand: on a bad radio link there is loss however slowly one
 * sends, and the draft's flow would go down to a few packets. Loss that we make ourselves is gone while we cruise below the path's rate.
 */
#define BBR_MAX_BASE_LOSS 500
/* Its average is over about so many rounds. */
#define BBR_BASE_LOSS_ROUNDS 16
/*
 * A bound found in Startup is this many times what got through: what was lost there may have been lost to somebody else's Startup, and a bound
 * as low as that would hold a flow at its small share for seconds.
 */
#define BBR_STARTUP_BOUND 300
/* The same in Startup and otherwise: so many acknowledgements have to tell of it, because one burst can be bad luck. */
#define BBR_STARTUP_LOSS_EVENTS 6
#define BBR_LOSS_EVENTS 3
/*
 * Rates, of delivery and of loss, are taken over at least this long. A round of a short path holds few packets and is not much
 * longer than the delays of threads and timers, and the highest of many such samples is far too high.
 */
#define BBR_SPAN 20000
/* A bound that is just at the threshold neither rises nor is found too high: so long a probe stays there. */
#define BBR_MAX_LOSS_ROUNDS 2
/* "Loss": what remains of a bound after it was found too high. */
#define BBR_BETA 70
/* "Headroom": left free below the long-term bound while cruising, for others to enter. */
#define BBR_HEADROOM 15

/*
 * At a tenth less than the path's rate the queue of a probe is gone after a few rounds. If there is still more in flight than the
 * model says, then the model is wrong (on a path with jitter the minimum is far below the usual), and waiting does not help.
 */
#define BBR_MAX_DOWN_ROUNDS 8

/* "Full Pipe": growth by less than a quarter in three rounds is none. */
#define BBR_FULL_BW_GROWTH 125
#define BBR_FULL_BW_ROUNDS 3

/* "Time Scale of Probing": two to three seconds, or as many rounds as Reno would need, but see BBR_MIN_PROBE_WAIT. */
#define BBR_PROBE_WAIT (2 * BBR_SECOND)
#define BBR_PROBE_WAIT_RANDOM BBR_SECOND
/*
 * A probe that raised the estimate by this much is followed by the next one after so many rounds, or up to twice as many; so is a Startup
 * that ended because of loss while the rate still rose. A flow with a small share of a path gains a lot by a probe and one with a large
 * share does not, so the small one probes more often, and shares become even in seconds.
 */
#define BBR_PAYING_PROBE 105
#define BBR_PAYING_PROBE_ROUNDS 6
/*
 * And so is, after so many rounds and not before this time, a cycle in which a queue stood: others are here, and shares change only where
 * somebody probes.
 */
#define BBR_SHARED_PROBE_ROUNDS 12
#define BBR_SHARED_PROBE_WAIT (BBR_SECOND / 5)
/* So long a probe is put off while another flow seems to probe. */
#define BBR_LISTEN_ROUNDS 8
#define BBR_MAX_PROBE_ROUNDS 63
/* On a path of one millisecond 63 rounds would be a probe every 63 ms, each with its queue. */
#define BBR_MIN_PROBE_WAIT (BBR_SECOND / 2)

/* "ProbeRTT" */
#define BBR_MIN_RTT_WINDOW (10 * BBR_SECOND)
#define BBR_PROBE_RTT_INTERVAL (5 * BBR_SECOND)
#define BBR_PROBE_RTT_TIME (BBR_SECOND / 5)
#define BBR_PROBE_RTT_GAIN 50
/*
 * A sample within this part of the minimum is as good as a visit to ProbeRTT: the queue was seen empty. Sending comes in ticks of
 * a millisecond, so an exact match is rare on a path that is used well.
 */
#define BBR_MIN_RTT_SLACK 32

/* "Minimum Window" */
#define BBR_MIN_WINDOW_PACKETS 4

/* "Aggregation": the highest excess of the last five to ten rounds. */
#define BBR_EXTRA_ACKED_ROUNDS 5

/*
 * The pacer's timer ticks every one to two milliseconds, and later on a busy machine. What was not sent in time may be sent later
 * up to this many microseconds' worth: less would lose throughput, more would be a burst that a short queue cannot take.
 */
#define BBR_BURST_TIME 4000
/* Nobody can hold more packets than this back for long. */
#define BBR_MIN_BURST_PACKETS 10

/*
 * Acknowledgements are prompt to a fraction of a millisecond only (threads have to wake at both ends, and msquic acknowledges
 * dozens of packets at once), so the window never holds less than what the path carries in this time.
 */
#define BBR_MIN_WINDOW_TIME 3000

/* Bounds that keep the products below inside 64 bits, and the window inside msquic's 32. */
#define BBR_MAX_WINDOW 0x7fffffffull
#define BBR_MAX_BW (1ull << 40)
#define BBR_MAX_TIME (100 * BBR_SECOND)

static
uint32_t
BbrPacketSize(
    _In_ const QUIC_CONGESTION_CONTROL* Cc
    )
{
    return QuicPathGetDatagramPayloadSize(&QuicCongestionControlGetConnection(Cc)->Paths[0]);
}

static
uint64_t
BbrMinWindow(
    _In_ const QUIC_CONGESTION_CONTROL* Cc
    )
{
    return (uint64_t)BBR_MIN_WINDOW_PACKETS * BbrPacketSize(Cc);
}

static
uint64_t
BbrInitialWindow(
    _In_ const QUIC_CONGESTION_CONTROL* Cc
    )
{
    return (uint64_t)Cc->Bbr.InitialWindowPackets * BbrPacketSize(Cc);
}

static
uint64_t
BbrPercent(
    _In_ uint64_t Value,
    _In_ uint64_t Gain
    )
{
    return Value == BBR_NONE ? BBR_NONE : Value * Gain / 100;
}

/* The volume that a rate carries in a time. */
static
uint64_t
BbrVolume(
    _In_ uint64_t Rate,
    _In_ uint64_t Time
    )
{
    return CXPLAT_MIN(Rate, BBR_MAX_BW) * CXPLAT_MIN(Time, 10 * BBR_SECOND) / BBR_SECOND;
}

static
uint64_t
BbrSince(
    _In_ uint64_t Earlier,
    _In_ uint64_t Now
    )
{
    return Now > Earlier ? Now - Earlier : 0;
}

static
BOOLEAN
BbrInProbeBw(
    _In_ const QUIC_CONGESTION_CONTROL_BBR* Bbr
    )
{
    return Bbr->State >= BBR_PROBE_BW_DOWN && Bbr->State <= BBR_PROBE_BW_UP;
}

/* Whether a queue stood during the whole of this round. */
static
BOOLEAN
BbrHasQueue(
    _In_ const QUIC_CONGESTION_CONTROL_BBR* Bbr
    )
{
    return BbrSince(Bbr->MinRtt, Bbr->RoundRtt) > CXPLAT_MAX(Bbr->MinRtt / BBR_QUEUE_PART, BBR_QUEUE_TIME);
}

/* Phases in which loss is sought after, so that it must not lower the short-term bounds. */
static
BOOLEAN
BbrIsProbing(
    _In_ const QUIC_CONGESTION_CONTROL_BBR* Bbr
    )
{
    return Bbr->State == BBR_STARTUP || Bbr->State == BBR_PROBE_BW_REFILL || Bbr->State == BBR_PROBE_BW_UP;
}

/*
 * Volumes
 */

/* "BDP": what the path itself holds, times a gain. Without a measurement, what a connection may start with. */
static
uint64_t
BbrBdp(
    _In_ const QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint32_t Gain
    )
{
    const QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    if (!Bbr->MinRttValid || Bbr->Bw == 0) {
        return BbrInitialWindow(Cc);
    }
    return BbrPercent(BbrVolume(Bbr->Bw, Bbr->MinRtt), Gain);
}

/* "Inflight": the same, but enough to keep both ends busy over the delays that they add themselves. */
static
uint64_t
BbrInflight(
    _In_ const QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint32_t Gain
    )
{
    const QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    uint64_t Inflight = BbrBdp(Cc, Gain);
    if (Bbr->MinRttValid && Bbr->MinRtt < BBR_MIN_WINDOW_TIME) {
        Inflight += BbrVolume(Bbr->Bw, BBR_MIN_WINDOW_TIME - Bbr->MinRtt);
    }
    return CXPLAT_MAX(Inflight, BbrMinWindow(Cc));
}

/*
 * "Headroom", but no less than the path's own volume: where the queue is short, 15 per cent are more than the queue, and the link would be
 * idle for the rest. The queue is what stays free for others then.
 */
static
uint64_t
BbrInflightWithHeadroom(
    _In_ const QUIC_CONGESTION_CONTROL* Cc
    )
{
    const QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    if (Bbr->InflightHi == BBR_NONE) {
        return BBR_NONE;
    }
    uint64_t Headroom = CXPLAT_MAX(BbrPercent(Bbr->InflightHi, BBR_HEADROOM), BbrPacketSize(Cc));
    uint64_t Inflight = Bbr->InflightHi > Headroom ? Bbr->InflightHi - Headroom : 0;
    Inflight = CXPLAT_MAX(Inflight, CXPLAT_MIN(Bbr->InflightHi, BbrInflight(Cc, 100)));
    return CXPLAT_MAX(Inflight, BbrMinWindow(Cc));
}

/*
 * Model
 */

static
void
BbrBoundBw(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr
    )
{
    Bbr->Bw = CXPLAT_MIN(Bbr->MaxBw, Bbr->BwLo);
}

static
void
BbrResetLowerBounds(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr
    )
{
    Bbr->BwLo = BBR_NONE;
    Bbr->InflightLo = BBR_NONE;
}

static
void
BbrResetFullBw(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr
    )
{
    Bbr->FullBw = 0;
    Bbr->FullBwCount = 0;
    Bbr->FullBwNow = FALSE;
}

static
void
BbrStartLossWindow(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr,
    _In_ uint64_t Now
    )
{
    Bbr->LossWindowStart = Now;
    Bbr->LossWindowLost = Bbr->TotalLost;
    Bbr->LossWindowDelivered = Bbr->TotalDelivered;
    Bbr->LossWindowLargest = 0;
    Bbr->LossEvents = 0;
    Bbr->BwLatest = 0;
    Bbr->InflightLatest = 0;
}

static
void
BbrStartRound(
    _In_ QUIC_CONGESTION_CONTROL* Cc
    )
{
    Cc->Bbr.RoundEnd = QuicCongestionControlGetConnection(Cc)->LossDetection.LargestSentPacketNumber;
    Cc->Bbr.RoundEndValid = TRUE;
}

/* A path so short that its round trips are merged into spans. */
static
BOOLEAN
BbrIsShort(
    _In_ const QUIC_CONGESTION_CONTROL_BBR* Bbr
    )
{
    return Bbr->MinRttValid && Bbr->MinRtt < BBR_SPAN;
}

/* Says what the phases and the state mean for rate and window. */
static
void
BbrSetState(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr,
    _In_ BBR_STATE State
    )
{
    Bbr->State = (uint8_t)State;
    Bbr->WindowGain = BBR_WINDOW_GAIN;
    Bbr->PacingGain = BBR_CRUISE_PACING_GAIN;
    switch (State) {
    case BBR_STARTUP:
        Bbr->PacingGain = BBR_STARTUP_PACING_GAIN;
        Bbr->WindowGain = BBR_STARTUP_WINDOW_GAIN;
        break;
    case BBR_DRAIN:
        Bbr->PacingGain = BBR_DRAIN_PACING_GAIN;
        break;
    case BBR_PROBE_BW_DOWN:
        Bbr->PacingGain = BBR_DOWN_PACING_GAIN;
        break;
    case BBR_PROBE_BW_UP:
        Bbr->PacingGain = BBR_UP_PACING_GAIN;
        Bbr->WindowGain = BBR_UP_WINDOW_GAIN;
        break;
    default:
        break;
    }
}

/*
 * Sending: notes, pacing, and running out of data
 */

static
void
BbrMarkAppLimited(
    _In_ QUIC_CONGESTION_CONTROL* Cc
    )
{
    Cc->Bbr.AppLimited = TRUE;
    Cc->Bbr.AppLimitedUntil = QuicCongestionControlGetConnection(Cc)->LossDetection.LargestSentPacketNumber;
}

/* Called after the packet is part of what is in flight. */
static
void
BbrTakeNote(
    _In_ QUIC_CONGESTION_CONTROL* Cc
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    const QUIC_LOSS_DETECTION* LossDetection = &QuicCongestionControlGetConnection(Cc)->LossDetection;
    uint64_t PacketNumber = LossDetection->LargestSentPacketNumber;
    if (Bbr->NoteCount != 0 && PacketNumber < Bbr->NextNote) {
        return;
    }
    Bbr->Notes[Bbr->NoteCount % BBR_NOTES] = (BBR_NOTE) {
        .PacketNumber = PacketNumber,
        .TotalLost = Bbr->TotalLost,
        .InFlight = Bbr->BytesInFlight,
    };
    Bbr->NoteCount++;
    /* Two flights fit into the notes, so that a packet that is declared lost late still has one. */
    Bbr->NextNote = PacketNumber + 1 + LossDetection->PacketsInFlight * 2 / BBR_NOTES;
}

/* The note of a packet or the last one before it; when all are later, the oldest. */
static
const BBR_NOTE*
BbrFindNote(
    _In_ const QUIC_CONGESTION_CONTROL_BBR* Bbr,
    _In_ uint64_t PacketNumber
    )
{
    if (Bbr->NoteCount == 0) {
        return NULL;
    }
    uint32_t Kept = CXPLAT_MIN(Bbr->NoteCount, BBR_NOTES);
    uint32_t Low = Bbr->NoteCount - Kept, High = Bbr->NoteCount;
    while (High - Low > 1) {
        uint32_t Middle = Low + (High - Low) / 2;
        if (Bbr->Notes[Middle % BBR_NOTES].PacketNumber <= PacketNumber) {
            Low = Middle;
        } else {
            High = Middle;
        }
    }
    return &Bbr->Notes[Low % BBR_NOTES];
}

/* A path of less than a timer tick cannot be paced by one: there the window alone rules. */
static
BOOLEAN
BbrIsPaced(
    _In_ const QUIC_CONGESTION_CONTROL* Cc
    )
{
    const QUIC_CONNECTION* Connection = QuicCongestionControlGetConnection(Cc);
    if (!Connection->Settings.PacingEnabled || Cc->Bbr.PacingRate == 0) {
        return FALSE;
    }
    return Cc->Bbr.MinRttValid && Cc->Bbr.MinRtt >= QUIC_SEND_PACING_INTERVAL;
}

static
int64_t
BbrBurst(
    _In_ const QUIC_CONGESTION_CONTROL* Cc
    )
{
    uint64_t Burst = BbrVolume(Cc->Bbr.PacingRate, BBR_BURST_TIME);
    return (int64_t)CXPLAT_MAX(Burst, (uint64_t)BBR_MIN_BURST_PACKETS * BbrPacketSize(Cc));
}

/* What the pacer has to give after a time; more than a burst of it is lost. */
static
int64_t
BbrCreditAfter(
    _In_ const QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint64_t Time
    )
{
    return Cc->Bbr.PacingCredit + (int64_t)BbrVolume(Cc->Bbr.PacingRate, CXPLAT_MIN(Time, BBR_SECOND));
}

/*
 * Whether a burst's worth of credit is thrown away: neither window nor pacer held us back for this time, so there was nothing to send, or
 * no core to send it. (A timer that is a few milliseconds late is no such case.)
 */
static
BOOLEAN
BbrIsStarvingAfter(
    _In_ const QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint64_t Time
    )
{
    if (Cc->Bbr.BlockedSinceFlush) {
        return FALSE;
    }
    return BbrIsPaced(Cc) ? BbrCreditAfter(Cc, Time) > 2 * BbrBurst(Cc) : Time > 2 * BBR_BURST_TIME;
}

static
uint32_t
BbrGetSendAllowance(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint64_t TimeSinceLastSend,
    _In_ BOOLEAN TimeSinceLastSendValid
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    uint32_t Room = Bbr->CongestionWindow > Bbr->BytesInFlight ? Bbr->CongestionWindow - Bbr->BytesInFlight : 0;
    if (!BbrIsPaced(Cc)) {
        Bbr->BlockedSinceFlush = Room == 0;
        return Room;
    }
    int64_t Burst = BbrBurst(Cc);
    int64_t Credit = Burst;
    if (TimeSinceLastSendValid) {
        if (BbrIsStarvingAfter(Cc, TimeSinceLastSend)) {
            BbrMarkAppLimited(Cc);
        }
        Credit = CXPLAT_MIN(BbrCreditAfter(Cc, TimeSinceLastSend), Burst);
    }
    Bbr->PacingCredit = Credit;
    Bbr->BlockedSinceFlush = Room == 0;
    return Credit > 0 ? (uint32_t)CXPLAT_MIN((uint64_t)Credit, (uint64_t)Room) : 0;
}

static
BOOLEAN
BbrCanSend(
    _In_ QUIC_CONGESTION_CONTROL* Cc
    )
{
    return Cc->Bbr.BytesInFlight < Cc->Bbr.CongestionWindow || Cc->Bbr.Exemptions > 0;
}

/* Returns TRUE if the window was full and is not any more. */
static
BOOLEAN
BbrUpdateBlockedState(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ BOOLEAN CouldSend
    )
{
    QUIC_CONNECTION* Connection = QuicCongestionControlGetConnection(Cc);
    QuicConnLogOutFlowStats(Connection);
    BOOLEAN CanSend = BbrCanSend(Cc);
    if (CouldSend && !CanSend) {
        Cc->Bbr.WindowLimited = TRUE;
        Cc->Bbr.HeldBack = TRUE;
        Cc->Bbr.BlockedSinceFlush = TRUE;
        QuicConnAddOutFlowBlockedReason(Connection, QUIC_FLOW_BLOCKED_CONGESTION_CONTROL);
    } else if (!CouldSend && CanSend) {
        QuicConnRemoveOutFlowBlockedReason(Connection, QUIC_FLOW_BLOCKED_CONGESTION_CONTROL);
        return TRUE;
    }
    return FALSE;
}

static
void
BbrSetPacingRate(
    _In_ QUIC_CONGESTION_CONTROL* Cc
    );

/* "Restarting From Idle": nothing was in flight because there was nothing to send; the model still holds. */
static
void
BbrRestartFromIdle(
    _In_ QUIC_CONGESTION_CONTROL* Cc
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    Bbr->IdleRestart = TRUE;
    Bbr->ExtraAckedStart = 0;
    if (BbrInProbeBw(Bbr)) {
        /* At the rate of the path: a probe goes on from the next acknowledgement. */
        Bbr->PacingGain = BBR_CRUISE_PACING_GAIN;
        BbrSetPacingRate(Cc);
    }
}

static
void
BbrOnDataSent(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint32_t NumRetransmittableBytes
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    BOOLEAN CouldSend = BbrCanSend(Cc);
    if (Bbr->BytesInFlight == 0 && Bbr->AppLimited) {
        BbrRestartFromIdle(Cc);
    }
    Bbr->BytesInFlight += NumRetransmittableBytes;
    if (Bbr->BytesInFlightMax < Bbr->BytesInFlight) {
        Bbr->BytesInFlightMax = Bbr->BytesInFlight;
        QuicSendBufferConnectionAdjust(QuicCongestionControlGetConnection(Cc));
    }
    if (BbrIsPaced(Cc)) {
        /* Probes of the loss detection leave without credit; a debt beyond a burst would only delay what comes after. */
        Bbr->PacingCredit = CXPLAT_MAX(Bbr->PacingCredit - (int64_t)NumRetransmittableBytes, -BbrBurst(Cc));
        if (Bbr->PacingCredit < (int64_t)BbrPacketSize(Cc)) {
            Bbr->HeldBack = TRUE;
        }
    }
    if (Bbr->Exemptions > 0) {
        --Bbr->Exemptions;
    }
    BbrTakeNote(Cc);
    BbrUpdateBlockedState(Cc, CouldSend);
}

static
void
BbrTakeFromFlight(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr,
    _In_ uint32_t Bytes
    )
{
    CXPLAT_DBG_ASSERT(Bbr->BytesInFlight >= Bytes);
    Bbr->BytesInFlight -= CXPLAT_MIN(Bbr->BytesInFlight, Bytes);
}

static
BOOLEAN
BbrOnDataInvalidated(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint32_t NumRetransmittableBytes
    )
{
    BOOLEAN CouldSend = BbrCanSend(Cc);
    BbrTakeFromFlight(&Cc->Bbr, NumRetransmittableBytes);
    return BbrUpdateBlockedState(Cc, CouldSend);
}

/*
 * Moving through the states
 */

static
void
BbrStartDown(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint64_t Now
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    uint32_t Random = 0;
    CxPlatRandom(sizeof(Random), &Random);
    /* "Time Scale of Probing": at random, so that flows do not probe at the same time for ever. */
    Bbr->RoundsSinceBwProbe = Random & 1;
    Bbr->BwProbeWait = BBR_PROBE_WAIT + (Random >> 1) % BBR_PROBE_WAIT_RANDOM;
    BOOLEAN PaidOff = Bbr->State == BBR_PROBE_BW_UP && Bbr->MaxBw >= BbrPercent(Bbr->ProbeStartBw, BBR_PAYING_PROBE);
    Bbr->BwProbeRounds = PaidOff || Bbr->LeftStartupForLoss ? BBR_PAYING_PROBE_ROUNDS + (Random >> 1) % BBR_PAYING_PROBE_ROUNDS : UINT32_MAX;
    if (Bbr->Shared) {
        Bbr->BwProbeRounds = CXPLAT_MIN(Bbr->BwProbeRounds, BBR_SHARED_PROBE_ROUNDS + (Random >> 1) % BBR_SHARED_PROBE_ROUNDS);
    }
    Bbr->Shared = FALSE;
    Bbr->LeftStartupForLoss = FALSE;
    Bbr->BwProbeUpSlope = 0;
    Bbr->CycleStamp = Now;
    Bbr->PhaseStartRound = Bbr->RoundCount;
    Bbr->AckPhase = BBR_ACKS_PROBE_STOPPING;
    Bbr->QueueRounds = 0;
    Bbr->CruiseBw = 0;
    Bbr->RoundsListened = 0;
    BbrStartRound(Cc);
    BbrSetState(Bbr, BBR_PROBE_BW_DOWN);
}

static
void
BbrStartRefill(
    _In_ QUIC_CONGESTION_CONTROL* Cc
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    BbrResetLowerBounds(Bbr);
    Bbr->BwProbeUpRounds = 0;
    Bbr->BwProbeUpRest = 0;
    Bbr->AckPhase = BBR_ACKS_REFILLING;
    BbrStartRound(Cc);
    BbrSetState(Bbr, BBR_PROBE_BW_REFILL);
}

/* "ProbeBW_UP": the long-term bound rises by 1, 2, 4, ... packets in a round. */
static
void
BbrRaiseSlope(
    _In_ QUIC_CONGESTION_CONTROL* Cc
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    Bbr->BwProbeUpSlope = (uint64_t)BbrPacketSize(Cc) << CXPLAT_MIN(Bbr->BwProbeUpRounds, 20);
    Bbr->BwProbeUpRounds++;
}

static
void
BbrStartUp(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint64_t Now
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    Bbr->AckPhase = BBR_ACKS_PROBE_STARTING;
    Bbr->BwProbeSamples = TRUE;
    Bbr->CycleStamp = Now;
    Bbr->PhaseStartRound = Bbr->RoundCount;
    Bbr->ProbeStartBw = Bbr->MaxBw;
    Bbr->UpStartRtt = Bbr->RoundRtt == BBR_NONE ? 0 : Bbr->RoundRtt;
    BbrResetFullBw(Bbr);
    Bbr->FullBw = Bbr->SampleBw;
    BbrStartRound(Cc);
    BbrStartLossWindow(Bbr, Now);
    Bbr->LossInUp = FALSE;
    Bbr->LossRoundsInUp = 0;
    BbrSetState(Bbr, BBR_PROBE_BW_UP);
    BbrRaiseSlope(Cc);
}

/* "ProbeBW": time for another probe? Also asked while going down, so that a long way down does not make probes rare. */
static
BOOLEAN
BbrIsTimeToProbe(
    _In_ const QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint64_t Now
    )
{
    const QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    uint64_t Elapsed = BbrSince(Bbr->CycleStamp, Now);
    if (Elapsed > Bbr->BwProbeWait || (Bbr->RoundsSinceBwProbe >= Bbr->BwProbeRounds && Elapsed > BBR_SHARED_PROBE_WAIT)) {
        return TRUE;
    }
    /* "Coexistence with Reno": as often as a Reno flow of the same window would fill the queue. */
    uint64_t Packets = BbrInflight(Cc, 100) / BbrPacketSize(Cc);
    return Elapsed > BBR_MIN_PROBE_WAIT && Bbr->RoundsSinceBwProbe >= CXPLAT_MIN(Packets, BBR_MAX_PROBE_ROUNDS);
}

static
BOOLEAN
BbrIsTimeToCruise(
    _In_ const QUIC_CONGESTION_CONTROL* Cc
    )
{
    const QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    if (Bbr->RoundCount >= Bbr->PhaseStartRound + BBR_MAX_DOWN_ROUNDS) {
        return TRUE;
    }
    return Bbr->BytesInFlight <= BbrInflightWithHeadroom(Cc) && Bbr->BytesInFlight <= BbrInflight(Cc, 100);
}

/*
 * The draft stays for three rounds without growth, which is three quarters of a path's volume sent into the queue. One quarter in
 * the queue is enough to know that there is one; a path that has become faster does not queue, and then the probe goes on.
 */
static
BOOLEAN
BbrIsTimeToGoDown(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint64_t Now,
    _In_ uint32_t PriorInFlight
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    /* The queue of others who share the path was there before, and is not counted. */
    uint64_t Full = BbrInflight(Cc, BBR_UP_PACING_GAIN) + BbrVolume(Bbr->Bw, BbrSince(Bbr->MinRtt, Bbr->UpStartRtt));
    if (Bbr->RoundCount > Bbr->PhaseStartRound + 1 && PriorInFlight >= Full) {
        return TRUE;
    }
    if (Bbr->LossRoundsInUp >= BBR_MAX_LOSS_ROUNDS) {
        return TRUE;
    }
    if (Bbr->HeldByHi) {
        /* Held back by the bound that is just being raised: that says nothing about the path. */
        BbrResetFullBw(Bbr);
        Bbr->FullBw = Bbr->SampleBw;
        return FALSE;
    }
    return Bbr->FullBwNow && (!BbrIsShort(Bbr) || BbrSince(Bbr->CycleStamp, Now) > 2 * BBR_SPAN);
}

static
void
BbrAvoidStandingQueue(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr
    )
{
    if (!Bbr->RoundRttDone || Bbr->RoundRtt == BBR_NONE) {
        return;
    }
    if (!BbrHasQueue(Bbr)) {
        Bbr->PacingGain = BBR_CRUISE_PACING_GAIN;
        Bbr->QueueRounds = 0;
        return;
    }
    uint64_t Cut = BbrVolume(Bbr->Bw, BbrSince(Bbr->MinRtt, Bbr->RoundRtt)) / BBR_QUEUE_PER_CENT;
    Cut = CXPLAT_MIN(Cut, BBR_QUEUE_MAX_CUT);
    Bbr->PacingGain = BBR_CRUISE_PACING_GAIN - (uint32_t)Cut;
    Bbr->Shared = TRUE;
    if (Bbr->CruiseBw == 0) {
        Bbr->CruiseBw = Bbr->MaxBw;
    }
    if (++Bbr->QueueRounds < BBR_QUEUE_ROUNDS) {
        return;
    }
    uint64_t Yielded = Bbr->MaxBw - Bbr->MaxBw * Cut / (100 * BBR_QUEUE_YIELD_PART);
    Yielded = CXPLAT_MAX(Yielded, BbrPercent(Bbr->CruiseBw, BBR_QUEUE_FLOOR));
    if (Yielded < Bbr->MaxBw) {
        Bbr->MaxBwFilter[0] = Bbr->MaxBwFilter[1] = Bbr->MaxBw = Yielded;
    }
}

/* A queue while cruising is somebody's probe: two at once lose packets and find nothing. Not for ever: some queues are there to stay. */
static
BOOLEAN
BbrHasToListen(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr
    )
{
    if (!BbrHasQueue(Bbr) || Bbr->RoundsListened >= BBR_LISTEN_ROUNDS) {
        return FALSE;
    }
    Bbr->RoundsListened += Bbr->RoundStart;
    return TRUE;
}

static
void
BbrUpdateProbeBwPhase(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint64_t Now,
    _In_ uint32_t PriorInFlight
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    switch (Bbr->State) {
    case BBR_PROBE_BW_DOWN:
        if (BbrIsTimeToProbe(Cc, Now)) {
            BbrStartRefill(Cc);
        } else if (BbrIsTimeToCruise(Cc)) {
            BbrSetState(Bbr, BBR_PROBE_BW_CRUISE);
        }
        break;
    case BBR_PROBE_BW_CRUISE:
        if (BbrIsTimeToProbe(Cc, Now) && !BbrHasToListen(Bbr)) {
            BbrStartRefill(Cc);
        } else {
            BbrAvoidStandingQueue(Bbr);
        }
        break;
    case BBR_PROBE_BW_REFILL:
        /* One round at the path's rate fills the path; only then a probe tells something about its queue. */
        if (Bbr->RoundStart) {
            BbrStartUp(Cc, Now);
        }
        break;
    case BBR_PROBE_BW_UP:
        if (BbrIsTimeToGoDown(Cc, Now, PriorInFlight)) {
            BbrStartDown(Cc, Now);
        }
        break;
    default:
        break;
    }
    /* Leaving idleness behind: the gain of the phase counts again. */
    if (BbrInProbeBw(Bbr) && Bbr->IdleRestart) {
        BbrSetState(Bbr, (BBR_STATE)Bbr->State);
    }
}

/* "Startup" and "Drain" */

static
void
BbrCheckFullBw(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr
    )
{
    if (Bbr->FullBwNow || !Bbr->RoundStart || Bbr->SampleAppLimited || Bbr->SampleBw == 0) {
        return;
    }
    if (Bbr->SampleBw >= BbrPercent(Bbr->FullBw, BBR_FULL_BW_GROWTH)) {
        BbrResetFullBw(Bbr);
        Bbr->FullBw = Bbr->SampleBw;
        return;
    }
    if (++Bbr->FullBwCount >= BBR_FULL_BW_ROUNDS) {
        Bbr->FullBwNow = TRUE;
        Bbr->FullBwReached = TRUE;
    }
}

static
void
BbrCheckDrainDone(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint64_t Now
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    if (Bbr->State == BBR_STARTUP && Bbr->FullBwReached) {
        BbrSetState(Bbr, BBR_DRAIN);
    }
    if (Bbr->State == BBR_DRAIN && Bbr->BytesInFlight <= BbrInflight(Cc, 100)) {
        BbrStartDown(Cc, Now);
    }
}

/*
 * Loss
 */

static
void
BbrSaveForUndo(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr
    )
{
    if (Bbr->Undoable) {
        return; /* What was before the first of several reactions is what counts. */
    }
    Bbr->Undoable = TRUE;
    Bbr->UndoState = Bbr->State;
    Bbr->UndoBwLo = Bbr->BwLo;
    Bbr->UndoInflightLo = Bbr->InflightLo;
    Bbr->UndoInflightHi = Bbr->InflightHi;
}

static
uint64_t
BbrAllowedLoss(
    _In_ const QUIC_CONGESTION_CONTROL_BBR* Bbr,
    _In_ uint64_t Of
    )
{
    return Of * (BBR_LOSS_THRESHOLD * 100 + CXPLAT_MIN(Bbr->BaseLoss, BBR_MAX_BASE_LOSS)) / 10000;
}

/* At the end of a window of loss: while we cruise and see no queue, the path is not full, and so it is not us. */
static
void
BbrUpdateBaseLoss(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr,
    _In_ uint64_t Lost,
    _In_ uint64_t Delivered
    )
{
    if (Bbr->State != BBR_PROBE_BW_CRUISE || Lost + Delivered == 0 || Bbr->RoundRtt == BBR_NONE || BbrHasQueue(Bbr)) {
        return;
    }
    uint64_t Loss = Lost * 10000 / (Lost + Delivered);
    Bbr->BaseLoss = (Bbr->BaseLoss * (BBR_BASE_LOSS_ROUNDS - 1) + CXPLAT_MIN(Loss, 2 * BBR_MAX_BASE_LOSS)) / BBR_BASE_LOSS_ROUNDS;
}

/*
 * Random loss varies from flight to flight, and it comes in bursts. So what one acknowledgement told of does not count, and
 * beyond the threshold three standard deviations are chance.
 */
static
BOOLEAN
BbrIsTooMuch(
    _In_ const QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint64_t Lost,
    _In_ uint64_t Of,
    _In_ uint32_t Events
    )
{
    const QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    uint64_t Packet = BbrPacketSize(Cc);
    if (Bbr->LossEvents < Events || Lost <= Bbr->LossWindowLargest) {
        return FALSE;
    }
    uint64_t Rest = (Lost - Bbr->LossWindowLargest) / Packet;
    uint64_t Allowed = BbrAllowedLoss(Bbr, Of) / Packet;
    return Rest > Allowed && (Rest - Allowed) * (Rest - Allowed) > 9 * Allowed;
}

/*
 * What was in flight when the share of lost packets passed the threshold: the last piece of the flight was lost as a whole, all
 * before it less so, hence a linear step between the two.
 */
static
uint64_t
BbrInflightAtThreshold(
    _In_ const QUIC_CONGESTION_CONTROL_BBR* Bbr,
    _In_ uint64_t InFlight,
    _In_ uint64_t Lost,
    _In_ uint64_t LostNow
    )
{
    uint64_t InFlightBefore = InFlight > LostNow ? InFlight - LostNow : 0;
    uint64_t LostBefore = Lost > LostNow ? Lost - LostNow : 0;
    uint64_t Allowed = BbrAllowedLoss(Bbr, InFlightBefore);
    if (Allowed <= LostBefore) {
        return InFlightBefore;
    }
    return InFlightBefore + (Allowed - LostBefore) * 100 / (100 - BBR_LOSS_THRESHOLD);
}

/* "Loss" while probing: the long-term bound is found. */
static
void
BbrOnInflightTooHigh(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint64_t InFlight,
    _In_ uint64_t Now
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    BbrSaveForUndo(Bbr);
    Bbr->BwProbeSamples = FALSE;
    uint64_t Target = CXPLAT_MIN(BbrInflight(Cc, 100), (uint64_t)Bbr->CongestionWindow);
    Bbr->InflightHi = CXPLAT_MAX(InFlight, BbrPercent(Target, BBR_BETA));
    if (Bbr->State == BBR_PROBE_BW_UP) {
        BbrStartDown(Cc, Now);
    }
}

/* "Startup": sustained loss means a full queue, whatever the bandwidth does. */
static
void
BbrLeaveStartupForLoss(
    _In_ QUIC_CONGESTION_CONTROL* Cc
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    BbrSaveForUndo(Bbr);
    Bbr->FullBwReached = TRUE;
    Bbr->LeftStartupForLoss = TRUE;
    Bbr->InflightHi = BbrPercent(CXPLAT_MAX(BbrInflight(Cc, 100), Bbr->InflightLatest), BBR_STARTUP_BOUND);
}

static
void
BbrOnPersistentCongestion(
    _In_ QUIC_CONGESTION_CONTROL* Cc
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    QUIC_CONNECTION* Connection = QuicCongestionControlGetConnection(Cc);
    if (Bbr->InPersistentCongestion) {
        return;
    }
    /* Nothing has come back for a while: few packets, until one is acknowledged; then the window doubles in each round. */
    Bbr->InPersistentCongestion = TRUE;
    Connection->Stats.Send.PersistentCongestionCount++;
    Connection->Paths[0].Route.State = RouteSuspected;
    Bbr->CongestionWindow = (uint32_t)BbrMinWindow(Cc);
}

static
void
BbrOnDataLost(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ const QUIC_LOSS_EVENT* LossEvent
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    QUIC_CONNECTION* Connection = QuicCongestionControlGetConnection(Cc);
    BOOLEAN CouldSend = BbrCanSend(Cc);
    uint32_t LostNow = LossEvent->NumRetransmittableBytes;
    BbrTakeFromFlight(Bbr, LostNow);
    Bbr->TotalLost += LostNow;
    Bbr->LossEvents++;
    Bbr->LossWindowLargest = CXPLAT_MAX(Bbr->LossWindowLargest, (uint64_t)LostNow);
    Connection->Stats.Send.CongestionCount++;

    const BBR_NOTE* Note = BbrFindNote(Bbr, LossEvent->LargestPacketNumberLost);
    if (Note != NULL) {
        uint64_t Lost = Bbr->TotalLost - Note->TotalLost, Of = Note->InFlight;
        if (BbrIsShort(Bbr)) {
            Lost = Bbr->TotalLost - Bbr->LossWindowLost;
            Of = CXPLAT_MAX(Of, Lost + Bbr->TotalDelivered - Bbr->LossWindowDelivered);
        }
        if (Bbr->State == BBR_STARTUP && !Bbr->FullBwReached) {
            if (BbrIsTooMuch(Cc, Lost, Of, BBR_STARTUP_LOSS_EVENTS)) {
                BbrLeaveStartupForLoss(Cc);
            }
        } else if (Bbr->BwProbeSamples && BbrIsTooMuch(Cc, Lost, Of, BBR_LOSS_EVENTS)) {
            Lost = Bbr->TotalLost - Note->TotalLost;
            BbrOnInflightTooHigh(Cc, BbrInflightAtThreshold(Bbr, Note->InFlight, Lost, LostNow), Bbr->LastAckTime);
        }
    }
    if (LossEvent->PersistentCongestion) {
        BbrOnPersistentCongestion(Cc);
    }
    BbrUpdateBlockedState(Cc, CouldSend);
}

/* "Loss" otherwise: the short-term bounds follow what still arrives, but by no more than the factor in one window. */
static
void
BbrAdaptLowerBounds(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint64_t Now
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    Bbr->BwLatest = CXPLAT_MAX(Bbr->BwLatest, Bbr->SampleBw);
    Bbr->InflightLatest = CXPLAT_MAX(Bbr->InflightLatest, Bbr->SampleDelivered);
    if (!Bbr->RoundStart || BbrSince(Bbr->LossWindowStart, Now) < BBR_SPAN) {
        return;
    }
    uint64_t Lost = Bbr->TotalLost - Bbr->LossWindowLost;
    uint64_t Delivered = Bbr->TotalDelivered - Bbr->LossWindowDelivered;
    BbrUpdateBaseLoss(Bbr, Lost, Delivered);
    if (!BbrIsProbing(Bbr) && BbrIsTooMuch(Cc, Lost, Lost + Delivered, BBR_LOSS_EVENTS)) {
        BbrSaveForUndo(Bbr);
        uint64_t BwLo = CXPLAT_MIN(Bbr->BwLo, Bbr->MaxBw);
        uint64_t InflightLo = CXPLAT_MIN(Bbr->InflightLo, (uint64_t)Bbr->CongestionWindow);
        Bbr->BwLo = CXPLAT_MAX(Bbr->BwLatest, BbrPercent(BwLo, BBR_BETA));
        Bbr->InflightLo = CXPLAT_MAX(Bbr->InflightLatest, BbrPercent(InflightLo, BBR_BETA));
    }
    BbrStartLossWindow(Bbr, Now);
}

/* All packets thought lost have arrived: what was done because of them is taken back ("Spurious Loss"). */
static
BOOLEAN
BbrOnSpuriousCongestionEvent(
    _In_ QUIC_CONGESTION_CONTROL* Cc
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    if (!Bbr->Undoable) {
        return FALSE;
    }
    BOOLEAN CouldSend = BbrCanSend(Cc);
    Bbr->Undoable = FALSE;
    Bbr->LossEvents = 0;
    Bbr->LossWindowLost = Bbr->TotalLost;
    BbrResetFullBw(Bbr);
    Bbr->BwLo = CXPLAT_MAX(Bbr->BwLo, Bbr->UndoBwLo);
    Bbr->InflightLo = CXPLAT_MAX(Bbr->InflightLo, Bbr->UndoInflightLo);
    Bbr->InflightHi = CXPLAT_MAX(Bbr->InflightHi, Bbr->UndoInflightHi);
    if (Bbr->UndoState == BBR_STARTUP && (Bbr->State == BBR_DRAIN || BbrInProbeBw(Bbr))) {
        Bbr->FullBwReached = FALSE;
        BbrSetState(Bbr, BBR_STARTUP);
    } else if (Bbr->UndoState == BBR_PROBE_BW_UP && BbrInProbeBw(Bbr)) {
        BbrStartRefill(Cc);
    }
    return BbrUpdateBlockedState(Cc, CouldSend);
}

/*
 * Acknowledgements
 */

/* "Delivery Rate": of the packet sent last among those that are acknowledged now. */
static
void
BbrTakeSample(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr,
    _In_ const QUIC_ACK_EVENT* AckEvent
    )
{
    Bbr->SampleBw = 0;
    Bbr->SampleDelivered = 0;
    Bbr->SampleInFlight = 0;
    Bbr->SampleLost = 0;
    Bbr->SampleAppLimited = AckEvent->IsLargestAckedPacketAppLimited;
    const QUIC_SENT_PACKET_METADATA* Newest = NULL;
    for (const QUIC_SENT_PACKET_METADATA* Packet = AckEvent->AckedPackets; Packet != NULL; Packet = Packet->Next) {
        if (Packet->PacketLength != 0 && (Newest == NULL || Packet->PacketNumber > Newest->PacketNumber)) {
            Newest = Packet;
        }
    }
    if (Newest == NULL) {
        return;
    }
    const BBR_NOTE* Note = BbrFindNote(Bbr, Newest->PacketNumber);
    if (Note != NULL) {
        Bbr->SampleInFlight = Note->InFlight;
        Bbr->SampleLost = Bbr->TotalLost - Note->TotalLost;
    }
    uint64_t Delivered = Bbr->TotalDelivered;
    uint64_t Time = BbrSince(Newest->SentTime, AckEvent->TimeNow);
    if (Newest->Flags.HasLastAckedPacketInfo) {
        /* The longer of both: acknowledgements may come at once for what was sent over a while, and the other way round. */
        Delivered = BbrSince(Newest->LastAckedPacketInfo.TotalBytesAcked, Delivered);
        uint64_t SendTime = BbrSince(Newest->LastAckedPacketInfo.SentTime, Newest->SentTime);
        uint64_t AckTime = BbrSince(Newest->LastAckedPacketInfo.AckTime, AckEvent->TimeNow);
        Time = CXPLAT_MAX(SendTime, AckTime);
    }
    Bbr->SampleDelivered = Delivered;
    /* Nothing is acknowledged sooner than after the minimum: a shorter time is an artefact of late or merged acknowledgements. */
    if (Time != 0 && (!Bbr->MinRttValid || Time >= Bbr->MinRtt)) {
        Bbr->SampleBw = CXPLAT_MIN(Delivered, 1ull << 42) * BBR_SECOND / Time;
        Bbr->SampleBw = CXPLAT_MIN(Bbr->SampleBw, BBR_MAX_BW);
    }
}

static
void
BbrUpdateRound(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ const QUIC_ACK_EVENT* AckEvent
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    Bbr->RoundStart = !Bbr->RoundEndValid || AckEvent->LargestAck > Bbr->RoundEnd;
    Bbr->RoundRttDone = Bbr->RoundStart && (!BbrIsShort(Bbr) || BbrSince(Bbr->RoundRttStart, AckEvent->TimeNow) >= BBR_SPAN);
    if (!Bbr->RoundStart) {
        return;
    }
    BbrStartRound(Cc);
    Bbr->RoundCount++;
    Bbr->RoundsSinceBwProbe++;
    Bbr->WindowLimitedLast = Bbr->WindowLimited;
    Bbr->WindowLimited = !BbrCanSend(Cc);
    Bbr->HeldBackLast = Bbr->HeldBack;
    Bbr->HeldBack = Bbr->WindowLimited;
}

/*
 * Whether a sample is limited by us and not by the path. msquic marks packets only when little is posted and the first stream is
 * blocked by flow control; a disk that is too slow, or a sender without a core, it does not see.
 */
static
void
BbrUpdateAppLimited(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ const QUIC_ACK_EVENT* AckEvent
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    if (Bbr->AppLimited && AckEvent->LargestAck > Bbr->AppLimitedUntil) {
        Bbr->AppLimited = FALSE;
    }
    const QUIC_SEND* Send = &QuicCongestionControlGetConnection(Cc)->Send;
    BOOLEAN Starving = Send->LastFlushTimeValid && BbrIsStarvingAfter(Cc, BbrSince(Send->LastFlushTime, AckEvent->TimeNow));
    if (Bbr->RoundStart && !Bbr->HeldBackLast) {
        /* In a whole round neither window nor pacer: there were only small messages, however close to each other. */
        Starving = TRUE;
    }
    if (Starving) {
        BbrMarkAppLimited(Cc);
        Bbr->SampleAppLimited = TRUE;
    }
}

/* On a short path and after Startup (which has no time for it) a sample is no more than what the last one or two spans had. */
static
void
BbrSmoothSample(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr,
    _In_ uint64_t Now
    )
{
    if (Bbr->SpanStart[1] != 0 && Bbr->FullBwReached && BbrIsShort(Bbr) && Now > Bbr->SpanStart[0]) {
        uint64_t Delivered = Bbr->TotalDelivered - Bbr->SpanDelivered[0];
        uint64_t Bw = CXPLAT_MIN(Delivered, 1ull << 42) * BBR_SECOND / (Now - Bbr->SpanStart[0]);
        Bbr->SampleBw = CXPLAT_MIN(Bbr->SampleBw, Bw);
    }
    if (Bbr->RoundStart && BbrSince(Bbr->SpanStart[1], Now) >= BBR_SPAN) {
        Bbr->SpanStart[0] = Bbr->SpanStart[1];
        Bbr->SpanDelivered[0] = Bbr->SpanDelivered[1];
        Bbr->SpanStart[1] = Now;
        Bbr->SpanDelivered[1] = Bbr->TotalDelivered;
    }
}

static
void
BbrUpdateMaxBw(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr
    )
{
    if (Bbr->State == BBR_PROBE_BW_CRUISE && Bbr->CruiseBw != 0) {
        /* Beside others, more than the estimate arrives at times because they slowed down: that is for all to probe for. */
        return;
    }
    if (Bbr->SampleBw > 0 && (Bbr->SampleBw >= Bbr->MaxBw || !Bbr->SampleAppLimited)) {
        Bbr->MaxBwFilter[1] = CXPLAT_MAX(Bbr->MaxBwFilter[1], Bbr->SampleBw);
        Bbr->MaxBw = CXPLAT_MAX(Bbr->MaxBwFilter[0], Bbr->MaxBwFilter[1]);
    }
}

/* "Max Bandwidth Filter": what a cycle without a sample would forget is kept. */
static
void
BbrAdvanceMaxBw(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr
    )
{
    if (Bbr->MaxBwFilter[1] == 0) {
        return;
    }
    Bbr->MaxBwFilter[0] = Bbr->MaxBwFilter[1];
    Bbr->MaxBwFilter[1] = 0;
    Bbr->MaxBw = Bbr->MaxBwFilter[0];
}

/* "Aggregation": how much more than the estimate was acknowledged since the last time it was less. */
static
void
BbrUpdateExtraAcked(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr,
    _In_ const QUIC_ACK_EVENT* AckEvent
    )
{
    if (Bbr->RoundCount >= Bbr->ExtraAckedRound + BBR_EXTRA_ACKED_ROUNDS) {
        Bbr->ExtraAckedRound = Bbr->RoundCount;
        Bbr->ExtraAcked[0] = Bbr->ExtraAcked[1];
        Bbr->ExtraAcked[1] = 0;
    }
    uint64_t Expected = BbrVolume(Bbr->Bw, BbrSince(Bbr->ExtraAckedStart, AckEvent->TimeNow));
    if (Bbr->ExtraAckedStart == 0 || Bbr->ExtraAckedDelivered <= Expected) {
        Bbr->ExtraAckedStart = AckEvent->TimeNow;
        Bbr->ExtraAckedDelivered = 0;
        Expected = 0;
    }
    Bbr->ExtraAckedDelivered += AckEvent->NumRetransmittableBytes;
    uint64_t Extra = BbrSince(Expected, Bbr->ExtraAckedDelivered);
    Extra = CXPLAT_MIN(Extra, (uint64_t)Bbr->CongestionWindow);
    Bbr->ExtraAcked[1] = CXPLAT_MAX(Bbr->ExtraAcked[1], Extra);
}

/* "ProbeBW_UP" */
static
void
BbrProbeInflightHiUpward(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint32_t Acked
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    if (!Bbr->HeldByHi) {
        return;
    }
    Bbr->BwProbeUpRest += Acked * Bbr->BwProbeUpSlope;
    uint64_t Raise = Bbr->BwProbeUpRest / CXPLAT_MAX(Bbr->CongestionWindow, 1);
    Bbr->BwProbeUpRest -= Raise * CXPLAT_MAX(Bbr->CongestionWindow, 1);
    Bbr->InflightHi += Raise;
    if (Bbr->RoundStart) {
        BbrRaiseSlope(Cc);
    }
}

/* "Adapting the Long-Term Model" */
static
void
BbrAdaptLongTermModel(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ const QUIC_ACK_EVENT* AckEvent
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    if (Bbr->AckPhase == BBR_ACKS_PROBE_STARTING && Bbr->RoundStart) {
        Bbr->AckPhase = BBR_ACKS_PROBE_FEEDBACK;
    }
    if (Bbr->AckPhase == BBR_ACKS_PROBE_STOPPING && Bbr->RoundStart) {
        /* The last of the probe has been acknowledged. */
        Bbr->BwProbeSamples = FALSE;
        Bbr->AckPhase = BBR_ACKS_INIT;
        if (BbrInProbeBw(Bbr) && !Bbr->SampleAppLimited) {
            BbrAdvanceMaxBw(Bbr);
        }
    }
    Bbr->HeldByHi = FALSE;
    if (Bbr->RoundStart) {
        Bbr->LossRoundsInUp = Bbr->LossInUp ? Bbr->LossRoundsInUp + 1 : 0;
        Bbr->LossInUp = FALSE;
    }
    if (BbrAllowedLoss(Bbr, Bbr->SampleInFlight) < Bbr->SampleLost) {
        Bbr->LossInUp = Bbr->State == BBR_PROBE_BW_UP;
        return;
    }
    if (Bbr->InflightHi == BBR_NONE) {
        return;
    }
    Bbr->HeldByHi = Bbr->WindowLimitedLast && Bbr->CongestionWindow >= Bbr->InflightHi;
    Bbr->InflightHi = CXPLAT_MAX(Bbr->InflightHi, Bbr->SampleInFlight);
    if (Bbr->State == BBR_PROBE_BW_UP) {
        BbrProbeInflightHiUpward(Cc, AckEvent->NumRetransmittableBytes);
    }
}

/* "Min RTT" */
static
void
BbrUpdateMinRtt(
    _In_ QUIC_CONGESTION_CONTROL_BBR* Bbr,
    _In_ const QUIC_ACK_EVENT* AckEvent
    )
{
    uint64_t Now = AckEvent->TimeNow;
    Bbr->ProbeRttExpired = Bbr->MinRttValid && BbrSince(Bbr->ProbeRttMinStamp, Now) > BBR_PROBE_RTT_INTERVAL;
    if (!AckEvent->MinRttValid || AckEvent->MinRtt >= BBR_MAX_TIME) {
        return;
    }
    uint64_t Rtt = CXPLAT_MAX(AckEvent->MinRtt, 1);
    if (Bbr->RoundRttDone) {
        Bbr->RoundRtt = Rtt;
        Bbr->RoundRttStart = Now;
    } else {
        Bbr->RoundRtt = CXPLAT_MIN(Bbr->RoundRtt, Rtt);
    }
    if (!Bbr->MinRttValid || Rtt < Bbr->ProbeRttMinDelay || Bbr->ProbeRttExpired) {
        Bbr->ProbeRttMinDelay = Rtt;
        Bbr->ProbeRttMinStamp = Now;
    } else if (Rtt <= Bbr->ProbeRttMinDelay + Bbr->ProbeRttMinDelay / BBR_MIN_RTT_SLACK) {
        Bbr->ProbeRttMinStamp = Now;
    }
    BOOLEAN Expired = BbrSince(Bbr->MinRttStamp, Now) > BBR_MIN_RTT_WINDOW;
    if (!Bbr->MinRttValid || Bbr->ProbeRttMinDelay < Bbr->MinRtt || Expired) {
        Bbr->MinRtt = Bbr->ProbeRttMinDelay;
        Bbr->MinRttStamp = Bbr->ProbeRttMinStamp;
        Bbr->MinRttValid = TRUE;
    }
}

/* "ProbeRTT": with half of the path's volume in flight the queue empties, also that of others who do the same now. */
static
uint64_t
BbrProbeRttWindow(
    _In_ const QUIC_CONGESTION_CONTROL* Cc
    )
{
    return CXPLAT_MAX(BbrBdp(Cc, BBR_PROBE_RTT_GAIN), BbrMinWindow(Cc));
}

static
void
BbrEnterProbeRtt(
    _In_ QUIC_CONGESTION_CONTROL* Cc
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    Bbr->PriorWindow = Bbr->CongestionWindow;
    Bbr->ProbeRttDoneValid = FALSE;
    Bbr->ProbeRttRoundDone = FALSE;
    Bbr->AckPhase = BBR_ACKS_PROBE_STOPPING;
    BbrStartRound(Cc);
    BbrSetState(Bbr, BBR_PROBE_RTT);
}

static
void
BbrExitProbeRtt(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint64_t Now
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    Bbr->ProbeRttMinStamp = Now;
    Bbr->CongestionWindow = (uint32_t)CXPLAT_MAX(Bbr->PriorWindow, (uint64_t)Bbr->CongestionWindow);
    BbrResetLowerBounds(Bbr);
    if (!Bbr->FullBwReached) {
        BbrSetState(Bbr, BBR_STARTUP);
        return;
    }
    BbrStartDown(Cc, Now);
    BbrSetState(Bbr, BBR_PROBE_BW_CRUISE);
}

static
void
BbrCheckProbeRtt(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint64_t Now
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    if (Bbr->State != BBR_PROBE_RTT) {
        if (Bbr->ProbeRttExpired && !Bbr->IdleRestart && Bbr->FullBwReached) {
            BbrEnterProbeRtt(Cc);
        }
        return;
    }
    /* A window this small measures us and not the path. */
    BbrMarkAppLimited(Cc);
    if (!Bbr->ProbeRttDoneValid) {
        if (Bbr->BytesInFlight <= BbrProbeRttWindow(Cc)) {
            Bbr->ProbeRttDoneValid = TRUE;
            Bbr->ProbeRttDone = Now + BBR_PROBE_RTT_TIME;
            BbrStartRound(Cc);
        }
        return;
    }
    if (Bbr->RoundStart) {
        Bbr->ProbeRttRoundDone = TRUE;
    }
    if (Bbr->ProbeRttRoundDone && Now >= Bbr->ProbeRttDone) {
        BbrExitProbeRtt(Cc, Now);
    }
}

/*
 * Rate and window
 */

static
void
BbrSetPacingRate(
    _In_ QUIC_CONGESTION_CONTROL* Cc
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    const QUIC_PATH* Path = &QuicCongestionControlGetConnection(Cc)->Paths[0];
    uint64_t Bw = Bbr->Bw;
    if (!Bbr->FullBwReached) {
        /* "Pacing Rate" at the start: the first window over the round-trip time. (The handshake's own few packets show no rate.) */
        uint64_t Rtt = Bbr->MinRttValid ? Bbr->MinRtt : Path->GotFirstRttSample ? Path->SmoothedRtt : 1000;
        Bw = CXPLAT_MAX(Bw, BbrInitialWindow(Cc) * BBR_SECOND / CXPLAT_MAX(Rtt, 1));
    }
    uint64_t Rate = BbrPercent(BbrPercent(CXPLAT_MIN(Bw, BBR_MAX_BW), Bbr->PacingGain), BBR_PACING_MARGIN);
    if (Bbr->FullBwReached || Rate > Bbr->PacingRate) {
        Bbr->PacingRate = CXPLAT_MAX(Rate, 1);
    }
}

/* "Modulating the Window": within the bounds of the model. */
static
uint64_t
BbrBoundWindow(
    _In_ const QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint64_t Window
    )
{
    const QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    uint64_t Cap = BBR_NONE;
    if (Bbr->State == BBR_PROBE_BW_CRUISE || Bbr->State == BBR_PROBE_RTT) {
        Cap = BbrInflightWithHeadroom(Cc);
    } else if (BbrInProbeBw(Bbr)) {
        Cap = Bbr->InflightHi;
    }
    Cap = CXPLAT_MIN(Cap, Bbr->InflightLo);
    if (Bbr->State == BBR_PROBE_RTT) {
        Cap = CXPLAT_MIN(Cap, BbrProbeRttWindow(Cc));
    }
    Cap = CXPLAT_MAX(Cap, BbrMinWindow(Cc));
    return CXPLAT_MIN(CXPLAT_MIN(Window, Cap), BBR_MAX_WINDOW);
}

static
void
BbrSetWindow(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint32_t Acked
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    uint64_t Target = BbrInflight(Cc, Bbr->WindowGain) + CXPLAT_MAX(Bbr->ExtraAcked[0], Bbr->ExtraAcked[1]);
    uint64_t Window = Bbr->CongestionWindow;
    if (Bbr->FullBwReached) {
        Window = CXPLAT_MIN(Window + Acked, Target);
    } else if (Window < Target || Bbr->TotalDelivered < BbrInitialWindow(Cc)) {
        Window += Acked;
    }
    Window = CXPLAT_MAX(Window, BbrMinWindow(Cc));
    Bbr->CongestionWindow = (uint32_t)BbrBoundWindow(Cc, Window);
}

static
void
BbrGetNetworkStatistics(
    _In_ const QUIC_CONNECTION* const Connection,
    _In_ const QUIC_CONGESTION_CONTROL* const Cc,
    _Out_ QUIC_NETWORK_STATISTICS* NetworkStatistics
    )
{
    NetworkStatistics->BytesInFlight = Cc->Bbr.BytesInFlight;
    NetworkStatistics->PostedBytes = Connection->SendBuffer.PostedBytes;
    NetworkStatistics->IdealBytes = Connection->SendBuffer.IdealBytes;
    NetworkStatistics->SmoothedRTT = Connection->Paths[0].SmoothedRtt;
    NetworkStatistics->CongestionWindow = Cc->Bbr.CongestionWindow;
    NetworkStatistics->Bandwidth = Cc->Bbr.Bw;
}

static
void
BbrIndicateStatistics(
    _In_ const QUIC_CONGESTION_CONTROL* Cc
    )
{
    QUIC_CONNECTION* Connection = QuicCongestionControlGetConnection(Cc);
    if (Connection->Settings.NetStatsEventEnabled) {
        QUIC_CONNECTION_EVENT Event;
        Event.Type = QUIC_CONNECTION_EVENT_NETWORK_STATISTICS;
        BbrGetNetworkStatistics(Connection, Cc, &Event.NETWORK_STATISTICS);
        QuicConnIndicateEvent(Connection, &Event);
    }
}

/* "Updating the Model and the State Machine": everything that an acknowledgement changes, in the order of the draft. */
static
void
BbrUpdateModel(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ const QUIC_ACK_EVENT* AckEvent,
    _In_ uint32_t PriorInFlight
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    uint64_t Now = AckEvent->TimeNow;
    Bbr->TotalDelivered = CXPLAT_MAX(Bbr->TotalDelivered, AckEvent->NumTotalAckedRetransmittableBytes);
    Bbr->LastAckTime = Now;
    if (!AckEvent->HasLoss) {
        Bbr->Undoable = FALSE;
    }
    Bbr->InPersistentCongestion = FALSE;
    BbrTakeSample(Bbr, AckEvent);
    BbrUpdateRound(Cc, AckEvent);
    BbrUpdateAppLimited(Cc, AckEvent);
    BbrSmoothSample(Bbr, Now);
    BbrUpdateMaxBw(Bbr);
    BbrAdaptLowerBounds(Cc, Now);
    BbrUpdateExtraAcked(Bbr, AckEvent);
    BbrCheckFullBw(Bbr);
    BbrCheckDrainDone(Cc, Now);
    if (Bbr->FullBwReached) {
        BbrAdaptLongTermModel(Cc, AckEvent);
        BbrUpdateProbeBwPhase(Cc, Now, PriorInFlight);
    }
    BbrUpdateMinRtt(Bbr, AckEvent);
    BbrCheckProbeRtt(Cc, Now);
    Bbr->IdleRestart = FALSE;
    BbrBoundBw(Bbr);
}

static
BOOLEAN
BbrOnDataAcknowledged(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ const QUIC_ACK_EVENT* AckEvent
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    BOOLEAN CouldSend = BbrCanSend(Cc);
    uint32_t PriorInFlight = Bbr->BytesInFlight;
    BbrTakeFromFlight(Bbr, AckEvent->NumRetransmittableBytes);
    /* An implicit acknowledgement (keys are thrown away) tells nothing about the path. */
    if (!AckEvent->IsImplicit) {
        BbrUpdateModel(Cc, AckEvent, PriorInFlight);
        BbrSetPacingRate(Cc);
        BbrSetWindow(Cc, AckEvent->NumRetransmittableBytes);
    }
    BbrIndicateStatistics(Cc);
    return BbrUpdateBlockedState(Cc, CouldSend);
}

/*
 * The table
 */

static
void
BbrSetExemption(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ uint8_t NumPackets
    )
{
    Cc->Bbr.Exemptions = NumPackets;
}

static
uint8_t
BbrGetExemptions(
    _In_ const QUIC_CONGESTION_CONTROL* Cc
    )
{
    return Cc->Bbr.Exemptions;
}

static
uint32_t
BbrGetBytesInFlightMax(
    _In_ const QUIC_CONGESTION_CONTROL* Cc
    )
{
    return Cc->Bbr.BytesInFlightMax;
}

static
uint32_t
BbrGetCongestionWindow(
    _In_ const QUIC_CONGESTION_CONTROL* Cc
    )
{
    return Cc->Bbr.CongestionWindow;
}

static
BOOLEAN
BbrIsAppLimited(
    _In_ const QUIC_CONGESTION_CONTROL* Cc
    )
{
    return Cc->Bbr.AppLimited;
}

/* msquic has little to send and the first stream is held back by its receiver. */
static
void
BbrSetAppLimited(
    _In_ QUIC_CONGESTION_CONTROL* Cc
    )
{
    if (Cc->Bbr.BytesInFlight < Cc->Bbr.CongestionWindow) {
        BbrMarkAppLimited(Cc);
    }
}

static
void
BbrLogOutFlowStatus(
    _In_ const QUIC_CONGESTION_CONTROL* Cc
    )
{
    UNREFERENCED_PARAMETER(Cc); /* The build has no trace that could be read. */
}

/* A new path (draft: "Initialization"): all that was learned belongs to the old one. */
static
void
BbrReset(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ BOOLEAN FullReset
    )
{
    QUIC_CONGESTION_CONTROL_BBR* Bbr = &Cc->Bbr;
    uint32_t InitialWindowPackets = Bbr->InitialWindowPackets;
    uint32_t BytesInFlight = FullReset ? 0 : Bbr->BytesInFlight;
    uint64_t TotalDelivered = FullReset ? 0 : Bbr->TotalDelivered;
    CxPlatZeroMemory(Bbr, sizeof(*Bbr));
    Bbr->InitialWindowPackets = InitialWindowPackets;
    Bbr->BytesInFlight = BytesInFlight;
    Bbr->TotalDelivered = TotalDelivered;
    Bbr->CongestionWindow = (uint32_t)CXPLAT_MIN(BbrInitialWindow(Cc), BBR_MAX_WINDOW);
    Bbr->BytesInFlightMax = Bbr->CongestionWindow / 2;
    Bbr->InflightHi = BBR_NONE;
    Bbr->RoundRtt = BBR_NONE;
    BbrResetLowerBounds(Bbr);
    BbrSetState(Bbr, BBR_STARTUP);
    QuicConnLogOutFlowStats(QuicCongestionControlGetConnection(Cc));
}

static const QUIC_CONGESTION_CONTROL BbrTable = {
    .Name = "BBR",
    .QuicCongestionControlCanSend = BbrCanSend,
    .QuicCongestionControlSetExemption = BbrSetExemption,
    .QuicCongestionControlReset = BbrReset,
    .QuicCongestionControlGetSendAllowance = BbrGetSendAllowance,
    .QuicCongestionControlGetCongestionWindow = BbrGetCongestionWindow,
    .QuicCongestionControlOnDataSent = BbrOnDataSent,
    .QuicCongestionControlOnDataInvalidated = BbrOnDataInvalidated,
    .QuicCongestionControlOnDataAcknowledged = BbrOnDataAcknowledged,
    .QuicCongestionControlOnDataLost = BbrOnDataLost,
    .QuicCongestionControlOnEcn = NULL,
    .QuicCongestionControlOnSpuriousCongestionEvent = BbrOnSpuriousCongestionEvent,
    .QuicCongestionControlLogOutFlowStatus = BbrLogOutFlowStatus,
    .QuicCongestionControlGetExemptions = BbrGetExemptions,
    .QuicCongestionControlGetBytesInFlightMax = BbrGetBytesInFlightMax,
    .QuicCongestionControlIsAppLimited = BbrIsAppLimited,
    .QuicCongestionControlSetAppLimited = BbrSetAppLimited,
    .QuicCongestionControlGetNetworkStatistics = BbrGetNetworkStatistics
};

_IRQL_requires_max_(DISPATCH_LEVEL)
void
BbrCongestionControlInitialize(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ const QUIC_SETTINGS_INTERNAL* Settings
    )
{
    *Cc = BbrTable;
    Cc->Bbr.InitialWindowPackets = Settings->InitialWindowPackets;
    BbrReset(Cc, TRUE);
}
