        BOOLEAN ChangedMtu = FALSE;
        if (PacketMtu >= Connection->Settings.MinimumMtu && Packet->PacketNumber > LossDetection->LargestLargeAck) {
            /* Large packets come through. */
            LossDetection->LargestLargeAck = Packet->PacketNumber;
            LossDetection->LargeLostCount = 0;
        }
