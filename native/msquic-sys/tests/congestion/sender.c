/* The sender: what surrounds a controller in msquic, with the real structures. */

#include "flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DATAGRAMS 40 /* in one flush, as msquic */

QUIC_CONGESTION_CONTROL* Cc(FLOW* Flow) { return &Flow->Connection->CongestionControl; }

static PACKET_RECORD* Record(FLOW* Flow, uint64_t Number) { return &Flow->Packets[Number % CAPACITY]; }

void ScheduleFlush(uint32_t Index, uint64_t Time)
{
    FLOW* Flow = &Flows[Index];
    if (Flow->FlushTime && Flow->FlushTime <= Time) return;
    Flow->FlushTime = Time;
    Push(Time, EVENT_FLUSH, Index, 0, 0);
}

static void SetLossTimer(uint32_t Index)
{
    FLOW* Flow = &Flows[Index];
    QUIC_LOSS_DETECTION* Loss = &Flow->Connection->LossDetection;
    const QUIC_PATH* Path = &Flow->Connection->Paths[0];
    if (Loss->PacketsInFlight == 0) {
        Flow->LossTimerTime = 0;
        return;
    }
    while (Record(Flow, Flow->Oldest)->Fate != SENT) Flow->Oldest++;
    uint64_t Time;
    if (Flow->Oldest < Loss->LargestAck) {
        uint64_t Rtt = CXPLAT_MAX(Path->SmoothedRtt, Path->LatestRttSample);
        Time = Record(Flow, Flow->Oldest)->Meta.SentTime + QUIC_TIME_REORDER_THRESHOLD(Rtt);
    } else {
        Time = Loss->TimeOfLastPacketSent + ((Path->SmoothedRtt + 4 * Path->RttVariance + ACK_DELAY) << Loss->ProbeCount);
    }
    Time = CXPLAT_MAX(Time, Now + MILLISECOND);
    if (Flow->LossTimerTime == Time) return;
    Flow->LossTimerTime = Time;
    Push(Time, EVENT_LOSS_TIMER, Index, 0, 0);
}

static void SendPacket(uint32_t Index, uint64_t Time)
{
    FLOW* Flow = &Flows[Index];
    QUIC_LOSS_DETECTION* Loss = &Flow->Connection->LossDetection;
    PACKET_RECORD* Packet = Record(Flow, Flow->NextNumber);
    if (Flow->NextNumber - Flow->Oldest >= CAPACITY - 2) {
        fprintf(stderr, "too many packets in flight for the simulation\n");
        abort();
    }
    memset(Packet, 0, sizeof(*Packet));
    Packet->Meta.PacketNumber = Flow->NextNumber++;
    Packet->Meta.PacketLength = PACKET;
    Packet->Meta.SentTime = Time;
    Packet->Meta.Flags.IsAckEliciting = TRUE;
    Loss->LargestSentPacketNumber = Packet->Meta.PacketNumber;
    Loss->PacketsInFlight++;
    Loss->TimeOfLastPacketSent = Time;
    QuicCongestionControlOnDataSent(Cc(Flow), PACKET);
    Packet->Meta.Flags.IsAppLimited = QuicCongestionControlIsAppLimited(Cc(Flow));
    Loss->TotalBytesSent += PACKET;
    Packet->Meta.TotalBytesSent = Loss->TotalBytesSent;
    if (Loss->TimeOfLastPacketAcked) {
        Packet->Meta.Flags.HasLastAckedPacketInfo = TRUE;
        Packet->Meta.LastAckedPacketInfo.SentTime = Loss->TimeOfLastAckedPacketSent;
        Packet->Meta.LastAckedPacketInfo.AckTime = Loss->TimeOfLastPacketAcked;
        Packet->Meta.LastAckedPacketInfo.AdjustedAckTime = Loss->AdjustedLastAckedTime;
        Packet->Meta.LastAckedPacketInfo.TotalBytesSent = Loss->TotalBytesSentAtLastAck;
        Packet->Meta.LastAckedPacketInfo.TotalBytesAcked = Loss->TotalBytesAcked;
    }
    Flow->Result->Sent += PACKET;
    Transmit(Index, Packet->Meta.PacketNumber, Time);
}

/* Microseconds of the sender's core for each packet; where that would be the bottleneck, none. */
static uint32_t PacketCost(void) { return This->Path.Rate > 1000000000 ? 0 : 1; }

static BOOLEAN HasData(const FLOW* Flow)
{
    if (Flow->ToSend == 0) return FALSE;
    return !Flow->Plan->FlowControl || (uint64_t)Flow->Connection->LossDetection.PacketsInFlight * PACKET < Flow->Plan->FlowControl;
}

void Flush(uint32_t Index)
{
    FLOW* Flow = &Flows[Index];
    Flow->FlushTime = 0;
    if (!HasData(Flow) && QuicCongestionControlGetExemptions(Cc(Flow)) == 0) return;
    QUIC_SEND* Send = &Flow->Connection->Send;
    uint64_t Since = Send->LastFlushTimeValid ? Now - Send->LastFlushTime : 0;
    uint32_t Allowance = QuicCongestionControlGetSendAllowance(Cc(Flow), Since, Send->LastFlushTimeValid);
    Send->LastFlushTime = Now;
    Send->LastFlushTimeValid = TRUE;
    uint32_t Count = 0;
    while (Count < MAX_DATAGRAMS) {
        uint8_t Exemptions = QuicCongestionControlGetExemptions(Cc(Flow));
        if (Allowance == 0 && Exemptions == 0) {
            if (QuicCongestionControlCanSend(Cc(Flow))) {
                /* The timer, which msquic rounds to the next millisecond, and now and then a core that is busy. */
                uint64_t Late = Uniform() < 0.002 ? 5 * MILLISECOND : (uint64_t)(Uniform() * MILLISECOND);
                ScheduleFlush(Index, Now + QUIC_SEND_PACING_INTERVAL + Late);
            }
            break;
        }
        if (!HasData(Flow) && Exemptions == 0) break;
        SendPacket(Index, Now + Count * PacketCost());
        if (Flow->Plan->Bytes != UINT64_MAX || Flow->Plan->AppRate) Flow->ToSend -= CXPLAT_MIN(Flow->ToSend, PACKET);
        Allowance -= CXPLAT_MIN(Allowance, PACKET);
        Count++;
    }
    if (Count == MAX_DATAGRAMS) ScheduleFlush(Index, Now + Count * PacketCost() + 5 * PacketCost());
    if (Count > 0) SetLossTimer(Index);
}

static BOOLEAN DetectLoss(uint32_t Index)
{
    FLOW* Flow = &Flows[Index];
    QUIC_LOSS_DETECTION* Loss = &Flow->Connection->LossDetection;
    const QUIC_PATH* Path = &Flow->Connection->Paths[0];
    uint64_t Rtt = CXPLAT_MAX(Path->SmoothedRtt, Path->LatestRttSample);
    uint32_t Lost = 0;
    uint64_t Largest = 0;
    while (Flow->Oldest < Flow->NextNumber && Record(Flow, Flow->Oldest)->Fate != SENT) Flow->Oldest++;
    for (uint64_t Number = Flow->Oldest; Number < Flow->NextNumber; Number++) {
        PACKET_RECORD* Packet = Record(Flow, Number);
        if (Packet->Fate != SENT) continue;
        BOOLEAN ByNumber = Number + QUIC_PACKET_REORDER_THRESHOLD < Loss->LargestAck;
        BOOLEAN ByTime = Number < Loss->LargestAck && Packet->Meta.SentTime + QUIC_TIME_REORDER_THRESHOLD(Rtt) <= Now;
        if (!ByNumber && !ByTime) break;
        Packet->Fate = LOST;
        Flow->LostListed = Number;
        Loss->PacketsInFlight--;
        Lost += PACKET;
        Largest = Number;
        if (Flow->Plan->Bytes != UINT64_MAX || Flow->Plan->AppRate) Flow->ToSend += PACKET;
    }
    if (Lost == 0) return FALSE;
    QUIC_LOSS_EVENT Event = {
        .LargestPacketNumberLost = Largest,
        .LargestSentPacketNumber = Loss->LargestSentPacketNumber,
        .NumRetransmittableBytes = Lost,
        .PersistentCongestion = Loss->ProbeCount > QUIC_PERSISTENT_CONGESTION_THRESHOLD,
    };
    QuicCongestionControlOnDataLost(Cc(Flow), &Event);
    ScheduleFlush(Index, Now);
    return TRUE;
}

static void UpdateRtt(QUIC_PATH* Path, uint64_t Rtt)
{
    Path->LatestRttSample = Rtt;
    if (!Path->GotFirstRttSample) {
        Path->GotFirstRttSample = TRUE;
        Path->SmoothedRtt = Rtt;
        Path->RttVariance = Rtt / 2;
        return;
    }
    uint64_t Difference = Rtt > Path->SmoothedRtt ? Rtt - Path->SmoothedRtt : Path->SmoothedRtt - Rtt;
    Path->RttVariance = (3 * Path->RttVariance + Difference) / 4;
    Path->SmoothedRtt = (7 * Path->SmoothedRtt + Rtt) / 8;
}

/* Lost packets that have not been forgotten: some may still arrive. */
static BOOLEAN HasLostPackets(const FLOW* Flow)
{
    const QUIC_PATH* Path = &Flow->Connection->Paths[0];
    uint64_t Kept = 2 * (Path->SmoothedRtt + 4 * Path->RttVariance + ACK_DELAY);
    const PACKET_RECORD* Last = &Flow->Packets[Flow->LostListed % CAPACITY];
    return Last->Fate == LOST && Now - Last->Meta.SentTime <= Kept;
}

void OnAck(uint32_t Index, uint64_t Ack, uint64_t AckDelay)
{
    FLOW* Flow = &Flows[Index];
    QUIC_LOSS_DETECTION* Loss = &Flow->Connection->LossDetection;
    NUMBERS Numbers = Flow->Acks[Ack];
    QUIC_SENT_PACKET_METADATA* First = NULL;
    QUIC_SENT_PACKET_METADATA** Tail = &First;
    uint64_t MinRtt = UINT64_MAX, Largest = 0;
    uint32_t Bytes = 0;
    BOOLEAN AppLimited = FALSE, NewLargest = FALSE, Spurious = FALSE;
    for (uint32_t i = 0; i < Numbers.Count; i++) {
        PACKET_RECORD* Packet = Record(Flow, Numbers.Numbers[i]);
        if (Packet->Fate == ACKED || Packet->Meta.PacketNumber != Numbers.Numbers[i]) continue;
        if (Packet->Fate == LOST) {
            Flow->Result->Spurious += PACKET;
            Spurious = TRUE;
        } else {
            Bytes += PACKET;
            Loss->PacketsInFlight--;
        }
        Packet->Fate = ACKED;
        Packet->Meta.Next = NULL;
        *Tail = &Packet->Meta;
        Tail = &Packet->Meta.Next;
        MinRtt = CXPLAT_MIN(MinRtt, Now - Packet->Meta.SentTime);
        if (Packet->Meta.PacketNumber >= Largest) {
            Largest = Packet->Meta.PacketNumber;
            AppLimited = Packet->Meta.Flags.IsAppLimited;
        }
        Loss->TotalBytesAcked += PACKET;
        Loss->TotalBytesSentAtLastAck = Packet->Meta.TotalBytesSent;
        Loss->TimeOfLastPacketAcked = Now;
        Loss->TimeOfLastAckedPacketSent = Packet->Meta.SentTime;
        Loss->AdjustedLastAckedTime = Now;
    }
    free(Numbers.Numbers);
    Flow->Acks[Ack].Numbers = NULL;
    if (First == NULL) return;
    if (Spurious && !HasLostPackets(Flow) && QuicCongestionControlOnSpuriousCongestionEvent(Cc(Flow))) ScheduleFlush(Index, Now);
    if (Largest >= Loss->LargestAck) {
        Loss->LargestAck = Largest;
        NewLargest = TRUE;
        (void)AckDelay;
        UpdateRtt(&Flow->Connection->Paths[0], MinRtt);
        DetectLoss(Index);
    }
    if (NewLargest || Bytes > 0) {
        QUIC_ACK_EVENT Event = {
            .TimeNow = Now,
            .LargestAck = Loss->LargestAck,
            .LargestSentPacketNumber = Loss->LargestSentPacketNumber,
            .NumTotalAckedRetransmittableBytes = Loss->TotalBytesAcked,
            .NumRetransmittableBytes = Bytes,
            .AckedPackets = First,
            .SmoothedRtt = Flow->Connection->Paths[0].SmoothedRtt,
            .MinRtt = MinRtt,
            .AdjustedAckTime = Now,
            .HasLoss = HasLostPackets(Flow),
            .IsLargestAckedPacketAppLimited = AppLimited,
            .MinRttValid = TRUE,
        };
        if (QuicCongestionControlOnDataAcknowledged(Cc(Flow), &Event)) ScheduleFlush(Index, Now);
    }
    Loss->ProbeCount = 0;
    uint32_t Window = QuicCongestionControlGetCongestionWindow(Cc(Flow));
    Flow->Result->MaxWindow = CXPLAT_MAX(Flow->Result->MaxWindow, Window);
    if (Flow->Plan->FlowControl) ScheduleFlush(Index, Now + This->Path.Rtt / 100);
    SetLossTimer(Index);
}

void OnLossTimer(uint32_t Index)
{
    FLOW* Flow = &Flows[Index];
    Flow->LossTimerTime = 0;
    if (Flow->Connection->LossDetection.PacketsInFlight == 0) return;
    if (!DetectLoss(Index)) {
        Flow->Connection->LossDetection.ProbeCount++;
        QuicCongestionControlSetExemption(Cc(Flow), 2);
        ScheduleFlush(Index, Now);
    }
    SetLossTimer(Index);
}
