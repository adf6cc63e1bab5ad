    /* 1,024 of them hold some 40 MB. */
    if (MsQuicLib.CurrentHandshakeMemoryUsage >= 1024 * (uint64_t)QUIC_CONN_HANDSHAKE_MEMORY_USAGE) {
        QuicPacketLogDrop(Binding, Packet, "Too many handshakes");
        *DropPacket = TRUE;
        return FALSE;
    }

    if (TokenLength != 0) {
