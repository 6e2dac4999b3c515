package sheepdog.sheep.cluster;

import sheepdog.protocol.model.Epoch;

/**
 * Who may write a VDI (R7).
 *
 * @param generation grows with every new owner and never falls, also when nobody owns the VDI
 * @param storeId    the gateway that owns it, 0 if nobody does
 * @param incarnation of that gateway
 * @param unsettled  an owner died, or may have left copies different: whoever comes next makes them equal first (R6)
 * @param settledIn  the latest epoch in which that was done, NONE if it never was: stores that were away then have not been
 *                   asked what they have in flight
 */
public record Owner(long generation, long storeId, long incarnation, boolean unsettled, Epoch settledIn) {
    public static final Owner NOBODY = new Owner(0, 0, 0, false, Epoch.NONE);

    public boolean isHeld() {
        return storeId != 0;
    }

    public boolean isHeldBy(long store, long itsIncarnation) {
        return isHeld() && storeId == store && incarnation == itsIncarnation;
    }

    Owner takenBy(long store, long itsIncarnation) {
        return new Owner(generation + 1, store, itsIncarnation, unsettled, settledIn);
    }

    /** Nobody owns it, and nothing is left to be made equal but what was before. */
    Owner released() {
        return new Owner(generation, 0, 0, unsettled, settledIn);
    }

    /** Nobody owns it, and copies may be different. */
    Owner ended() {
        return new Owner(generation, 0, 0, true, settledIn);
    }

    Owner settled(Epoch in) {
        return new Owner(generation, storeId, incarnation, false, in);
    }

    /** Whether a store that was a member last in that epoch may have something in flight that nobody has seen. */
    boolean overlooks(Epoch lastMemberIn) {
        return isHeld() && unsettled || lastMemberIn.isBefore(settledIn);
    }
}
