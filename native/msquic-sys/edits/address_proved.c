                Connection->State.HandshakeUsedRetryPacket = TRUE;
                Connection->Stats.StatelessRetry = TRUE;
