        //
        // A black hole of the MTU: for a second, or four round trips, every large packet was lost, three at least, and small ones came
        // through. The search for what the path carries begins anew, from what every path does.
        //
        if (Path->Mtu > Connection->Settings.MinimumMtu && LossDetection->LargeLostCount >= 3 &&
            CxPlatTimeDiff64(LossDetection->LargeLostSince, TimeNow) > CXPLAT_MAX(1000000, 4 * Path->SmoothedRtt)) {
            QUIC_PATH* Shrunk = &Connection->Paths[0];
            LossDetection->LargeLostCount = 0;
            Shrunk->Mtu = Connection->Settings.MinimumMtu;
            Shrunk->MtuDiscovery.HasProbed1500 = FALSE;
            QuicDatagramOnSendStateChanged(&Connection->Datagram);
            QuicMtuDiscoveryMoveToSearching(&Shrunk->MtuDiscovery, Connection);
        }

        if (LostRetransmittableBytes > 0) {
