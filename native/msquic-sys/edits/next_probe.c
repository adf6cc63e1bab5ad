    if (Path->Mtu >= 1500) {
        // Ethernet's jumbo frames first, then all there is: no other size between is common.
        const uint16_t Larger = Path->Mtu < 9000 ? 9000 : CXPLAT_MAX_MTU;
        return CXPLAT_MIN(Larger, MtuDiscovery->MaxMtu);
    }
    uint16_t Mtu = Path->Mtu + QUIC_DPLPMTUD_INCREMENT;
