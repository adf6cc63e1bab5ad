    //
    // A gap: data was under way, its acknowledgement was due, and none came for more than 30 ms. It is due a round trip after the
    // data was sent, and later than that only behind the acknowledgement before it. 30 ms: a peer holds one back for 25 at most.
    //
    for (const QUIC_SENT_PACKET_METADATA* Acked = AckedPackets; Acked != NULL; Acked = Acked->Next) {
        if (Acked->Flags.IsAckEliciting) {
            const uint64_t Due =
                CXPLAT_MAX(Acked->SentTime + Path->SmoothedRtt, Connection->Stats.Misc.LastAckTime);
            if (TimeNow > Due + 30000) {
                Connection->Stats.Misc.AckGapCount++;
                Connection->Stats.Misc.AckGapUs += TimeNow - Due;
            }
            Connection->Stats.Misc.LastAckTime = TimeNow;
            break;
        }
    }

    uint64_t LargestAckedPacketNum = 0;
