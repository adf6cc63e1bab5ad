        //
        // The thread's other work has its turn after so many reads: connections that have received packets, timers, other sockets. What
        // the socket still holds wakes the thread at once, because it is watched level-triggered (without EPOLLET).
        //
    } while (++Reads < 128);
