/*
 * BBR congestion control after draft-ietf-ccwg-bbr (BBRv3): our own text, MIT licensed like the rest of this repository.
 *
 * The build puts this file and bbr.c in the place of msquic's files of the same names (see build.rs), behind msquic's table of
 * functions. Bandwidths are bytes per second in 64 bits, times are microseconds, volumes are bytes.
 */

#pragma once

#if defined(__cplusplus)
extern "C" {
#endif

/* Where the flow is in its life (draft: "State Machine Operation"). */
typedef enum BBR_STATE {
    BBR_STARTUP,
    BBR_DRAIN,
    BBR_PROBE_BW_DOWN,
    BBR_PROBE_BW_CRUISE,
    BBR_PROBE_BW_REFILL,
    BBR_PROBE_BW_UP,
    BBR_PROBE_RTT
} BBR_STATE;

/* What the acknowledgements that arrive now can tell about the last probe: they are one round trip behind the sending. */
typedef enum BBR_ACK_PHASE {
    BBR_ACKS_INIT,
    BBR_ACKS_REFILLING,
    BBR_ACKS_PROBE_STARTING,
    BBR_ACKS_PROBE_FEEDBACK,
    BBR_ACKS_PROBE_STOPPING
} BBR_ACK_PHASE;

/*
 * A note made while sending. The draft keeps these numbers with each packet; msquic's packet records have no room for them, so
 * every n-th packet of a flight leaves a note, and a packet in between takes those of the note before it.
 */
typedef struct BBR_NOTE {
    uint64_t PacketNumber;
    uint64_t TotalLost;
    uint64_t InFlight;
} BBR_NOTE;

#define BBR_NOTES 64

typedef struct QUIC_CONGESTION_CONTROL_BBR {

    /* What msquic asks for. */
    uint32_t CongestionWindow;
    uint32_t BytesInFlight;
    uint32_t BytesInFlightMax;
    uint32_t InitialWindowPackets;
    uint8_t Exemptions;

    uint8_t State;     /* BBR_STATE */
    uint8_t AckPhase;  /* BBR_ACK_PHASE */
    BOOLEAN RoundStart : 1;
    BOOLEAN RoundEndValid : 1;
    BOOLEAN FullBwReached : 1;
    BOOLEAN FullBwNow : 1;
    BOOLEAN BwProbeSamples : 1;
    BOOLEAN AppLimited : 1;
    BOOLEAN IdleRestart : 1;
    BOOLEAN MinRttValid : 1;
    BOOLEAN ProbeRttExpired : 1;
    BOOLEAN ProbeRttDoneValid : 1;
    BOOLEAN ProbeRttRoundDone : 1;
    BOOLEAN WindowLimited : 1;     /* the window was full at some time in this round */
    BOOLEAN WindowLimitedLast : 1; /* the same of the round before */
    BOOLEAN HeldBack : 1;          /* window or pacer held us back at some time in this round */
    BOOLEAN HeldBackLast : 1;      /* the same of the round before */
    BOOLEAN BlockedSinceFlush : 1; /* the window was full at some time since the pacer was asked last */
    BOOLEAN LeftStartupForLoss : 1;
    BOOLEAN Shared : 1;            /* a queue stood while cruising in this cycle */
    BOOLEAN RoundRttDone : 1;      /* RoundRtt is that of a whole round or span */
    BOOLEAN HeldByHi : 1;          /* the window is full and as large as the long-term bound allows */
    BOOLEAN LossInUp : 1;          /* more than the threshold was lost at some time in this round of a probe */
    BOOLEAN Undoable : 1;
    BOOLEAN InPersistentCongestion : 1;

    /* Rounds (draft: "Round-Trip Counting"): a round ends when a packet sent after its start is acknowledged. */
    uint64_t RoundCount;
    uint64_t RoundEnd;

    /* Starts of the last two spans over which the rate of a short path is measured. */
    uint64_t SpanStart[2];
    uint64_t SpanDelivered[2];

    /* The model of the path. */
    uint64_t MaxBwFilter[2]; /* of the last probing cycle and this one */
    uint64_t MaxBw;
    uint64_t BwLo;
    uint64_t Bw;
    uint64_t MinRtt;
    uint64_t MinRttStamp;
    uint64_t ProbeRttMinDelay;
    uint64_t ProbeRttMinStamp;
    uint64_t RoundRtt; /* the least of this round; on a short path of this span */
    uint64_t RoundRttStart;
    uint64_t CruiseBw; /* the estimate when a queue stood first in this cruise; 0: none did */
    uint32_t QueueRounds; /* in a row, with a queue */
    uint32_t RoundsListened; /* rounds by which a probe was put off because of one */
    uint64_t InflightHi;
    uint64_t InflightLo;
    uint64_t ExtraAcked[2]; /* maximum of the last window of rounds and of this one */
    uint64_t ExtraAckedRound;
    uint64_t ExtraAckedStart;
    uint64_t ExtraAckedDelivered;

    /* What the last acknowledgements said. */
    uint64_t SampleBw;
    uint64_t SampleDelivered;
    uint64_t SampleInFlight; /* when the acknowledged packet was sent */
    uint64_t SampleLost;     /* since then */
    BOOLEAN SampleAppLimited;
    uint64_t BwLatest;
    uint64_t InflightLatest;
    uint64_t TotalDelivered;

    /* Loss. */
    uint64_t TotalLost;
    uint64_t LossWindowLost;      /* total lost at the start of the window in which loss is judged */
    uint64_t LossWindowDelivered; /* total delivered there */
    uint64_t LossWindowStart;
    uint64_t LossWindowLargest;   /* the largest loss that one acknowledgement told of */
    uint64_t BaseLoss;            /* per ten thousand packets, while the path was not full */
    uint32_t LossEvents;          /* acknowledgements in this window that told of loss */

    /* Startup and the end of a probe: has the bandwidth stopped growing? */
    uint64_t FullBw;
    uint32_t FullBwCount;

    /* Probing for bandwidth. */
    uint64_t CycleStamp;
    uint64_t BwProbeWait;
    uint32_t RoundsSinceBwProbe;
    uint32_t LossRoundsInUp;
    uint32_t BwProbeUpRounds;
    uint64_t BwProbeUpSlope; /* bytes by which the bound rises for a window of acknowledged bytes */
    uint64_t BwProbeUpRest;
    uint64_t PhaseStartRound;
    uint64_t ProbeStartBw;
    uint32_t BwProbeRounds; /* rounds to the next probe, if they end before the wait */
    uint64_t UpStartRtt; /* with the queue that was there before the probe */

    /* Probing for the round-trip time. */
    uint64_t ProbeRttDone;
    uint64_t PriorWindow;

    /* Before the last reaction to loss, should that turn out to have been none. */
    uint8_t UndoState;
    uint64_t UndoBwLo;
    uint64_t UndoInflightLo;
    uint64_t UndoInflightHi;

    /* The pacer. */
    uint32_t PacingGain; /* per cent */
    uint32_t WindowGain; /* per cent */
    uint64_t PacingRate;
    int64_t PacingCredit; /* bytes that may leave now; negative after a packet that was larger than what was left */
    uint64_t AppLimitedUntil; /* packet number */
    uint64_t LastAckTime;

    uint32_t NoteCount;
    uint64_t NextNote;
    BBR_NOTE Notes[BBR_NOTES];

} QUIC_CONGESTION_CONTROL_BBR;

_IRQL_requires_max_(DISPATCH_LEVEL)
void
BbrCongestionControlInitialize(
    _In_ QUIC_CONGESTION_CONTROL* Cc,
    _In_ const QUIC_SETTINGS_INTERNAL* Settings
    );

#if defined(__cplusplus)
}
#endif
