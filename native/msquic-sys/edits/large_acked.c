        BOOLEAN ChangedMtu = FALSE;
        if (PacketMtu > QUIC_SAFE_MTU && Packet->PacketNumber > LossDetection->LargestLargeAck) {
            /* Large packets come through. */
            LossDetection->LargestLargeAck = Packet->PacketNumber;
            LossDetection->LargeLostCount = 0;
        }
