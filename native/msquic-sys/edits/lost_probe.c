                if (Packet->Flags.IsMtuProbe) {
                    /* Out of flight without a reaction, which may unblock the connection. */
                    LostProbe = TRUE;
                    if (QuicCongestionControlOnDataInvalidated(&Connection->CongestionControl, Packet->PacketLength)) {
                        QuicSendQueueFlush(&Connection->Send, REASON_LOSS);
                    }
                } else {
                    LostRetransmittableBytes += Packet->PacketLength;
                    if (Path->Mtu > QUIC_SAFE_MTU && Packet->PathId == Path->ID &&
                        Packet->PacketNumber > LossDetection->LargestLargeAck &&
                        PacketSizeFromUdpPayloadSize(
                            QuicAddrGetFamily(&Path->Route.RemoteAddress), Packet->PacketLength) > QUIC_SAFE_MTU &&
                        LossDetection->LargeLostCount++ == 0) {
                        LossDetection->LargeLostSince = Packet->SentTime;
                    }
                }
