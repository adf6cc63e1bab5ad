                if (Packet->Flags.IsMtuProbe) {
                    /* Out of flight without a reaction, which may unblock the connection. */
                    LostProbe = TRUE;
                    if (QuicCongestionControlOnDataInvalidated(&Connection->CongestionControl, Packet->PacketLength)) {
                        QuicSendQueueFlush(&Connection->Send, REASON_LOSS);
                    }
                } else {
                    LostRetransmittableBytes += Packet->PacketLength;
                }
