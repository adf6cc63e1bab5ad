    MsQuicLib.HandshakeMemoryLimit =
        MsQuicLib.Settings.RetryMemoryLimit * (uint64_t)QUIC_CONN_HANDSHAKE_MEMORY_USAGE;
