package sheepdog.store.disk;

/** What all simulated devices of one machine hang on. Counts the calls that change something. One thread. */
public final class SimPower {
    private long changes;
    private long cutAt = Long.MAX_VALUE;
    private boolean off;

    /** Changes so far. */
    public long changes() {
        return changes;
    }

    /** The power goes in the middle of the change with this number, counted from 1. */
    public void cutAt(long change) {
        cutAt = change;
    }

    /** The power goes now. */
    public void cut() {
        off = true;
    }

    public boolean isOff() {
        return off;
    }

    /** The power is back; the devices still have to be told. */
    public void restore() {
        off = false;
        cutAt = Long.MAX_VALUE;
    }

    /** @throws PowerCut if there is no power */
    public void check() {
        if (off) {
            throw new PowerCut();
        }
    }

    /** One more change begins. @return whether the power goes in the middle of it: the device throws then */
    public boolean change() {
        check();
        off = ++changes == cutAt;
        return off;
    }
}
