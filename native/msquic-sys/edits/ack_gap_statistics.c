    if (STATISTICS_HAS_FIELD(*StatsLength, AckGapUs)) {
        Stats->AckGapCount = Connection->Stats.Misc.AckGapCount;
        Stats->AckGapUs = Connection->Stats.Misc.AckGapUs;
    }

    *StatsLength = CXPLAT_MIN(*StatsLength, sizeof(QUIC_STATISTICS_V2));
