                if (Packet->Flags.IsMtuProbe) {
                    /* Out of flight without a reaction, which may unblock the connection. */
                    LostProbe = TRUE;
                    if (QuicCongestionControlOnDataInvalidated(&Connection->CongestionControl, Packet->PacketLength)) {
                        QuicSendQueueFlush(&Connection->Send, REASON_LOSS);
                    }
                } else {
                    LostRetransmittableBytes += Packet->PacketLength;
                    if (Packet->PathId == Path->ID && Packet->PacketNumber > LossDetection->LargestLargeAck &&
                        PacketSizeFromUdpPayloadSize(
                            QuicAddrGetFamily(&Path->Route.RemoteAddress), Packet->PacketLength) >= Connection->Settings.MinimumMtu) {
                        /* What was lost long before says nothing about now: no large packet may have been sent since. */
                        if (LossDetection->LargeLostCount == 0 ||
                            CxPlatTimeDiff64(LossDetection->LargeLostLast, Packet->SentTime) >
                                CXPLAT_MAX(4000000, 4 * Path->SmoothedRtt)) {
                            LossDetection->LargeLostCount = 0;
                            LossDetection->LargeLostSince = Packet->SentTime;
                        }
                        LossDetection->LargeLostCount++;
                        LossDetection->LargeLostLast = Packet->SentTime;
                    }
                }
