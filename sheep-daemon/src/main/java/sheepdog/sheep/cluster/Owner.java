package sheepdog.sheep.cluster;

/**
 * Who may write a VDI (R7).
 *
 * @param generation grows with every new owner and never falls, also when nobody owns the VDI
 * @param storeId    the gateway that owns it, 0 if nobody does
 * @param incarnation of that gateway
 * @param unsettled  an owner died, or may have left copies different: whoever comes next makes them equal first (R6)
 */
public record Owner(long generation, long storeId, long incarnation, boolean unsettled) {
    public static final Owner NOBODY = new Owner(0, 0, 0, false);

    public boolean isHeld() {
        return storeId != 0;
    }

    public boolean isHeldBy(long store, long itsIncarnation) {
        return isHeld() && storeId == store && incarnation == itsIncarnation;
    }
}
