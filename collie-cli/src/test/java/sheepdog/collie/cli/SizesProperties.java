package sheepdog.collie.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

/** Against slow arithmetic that makes no rounding of its own. */
class SizesProperties {
    private static final List<String> UNITS = List.of("MB", "GB", "TB", "PB", "EB");

    @Property
    void humanSizesAreTheNearestWithTiesToEven(@ForAll long bytes) {
        assertThat(Sizes.human(bytes)).isEqualTo(slowHuman(bytes));
    }

    @Property
    void tiesAreFoundAtEveryScale(
            @ForAll @IntRange(min = 0, max = 2047) int halves, @ForAll @IntRange(min = 0, max = 3) int unit) {
        long bytes = (long) halves << (19 + 10 * unit);
        assertThat(Sizes.human(bytes)).isEqualTo(slowHuman(bytes));
    }

    @Property
    void quartersOfSmallSizesTieToo(@ForAll @IntRange(min = 0, max = 48) int quarters) {
        long bytes = (long) quarters << 18;
        assertThat(Sizes.human(bytes)).isEqualTo(slowHuman(bytes));
    }

    @Property
    void decimalsAreTruncatedToBytes(
            @ForAll @LongRange(min = 0, max = 1L << 40) long whole,
            @ForAll @IntRange(min = 0, max = 999_999) int millionths,
            @ForAll @IntRange(min = 0, max = 4) int scale) {
        String number = whole + "." + String.format("%06d", millionths);
        String text = number + List.of("", "k", "M", "G", "T").get(scale);
        BigDecimal exact = nearestDouble(new BigDecimal(number)).multiply(BigDecimal.valueOf(1L << 10 * scale));
        BigInteger bytes = exact.toBigInteger().min(BigInteger.valueOf(Long.MAX_VALUE));

        assertThat(Sizes.parse(text)).isEqualTo(bytes.longValueExact());
    }

    @Property
    void roundingUpGivesTheNextSector(@ForAll @LongRange(min = 0, max = Long.MAX_VALUE - 512) long bytes) {
        long up = Sizes.roundUpToSector(bytes);
        assertThat(up % 512).isZero();
        assertThat(up - bytes).isBetween(0L, 511L);
    }

    @Example
    void theOracleItselfKnowsATie() {
        assertThat(slowHuman(2_415_919_104L)).isEqualTo("2.2 GB");
    }

    /** Exact but for the one rounding that C makes too: 64 bits to the 53 of a double. */
    private static String slowHuman(long bytes) {
        var unsigned = new BigDecimal(new BigInteger(Long.toUnsignedString(bytes)));
        BigDecimal size = nearestDouble(unsigned).divide(BigDecimal.valueOf(1 << 20));
        int unit = 0;
        while (size.compareTo(BigDecimal.valueOf(1024)) >= 0) {
            size = size.divide(BigDecimal.valueOf(1024));
            unit++;
        }
        boolean small = size.compareTo(BigDecimal.TEN) < 0;
        BigInteger step = evenNearest(small ? size.multiply(BigDecimal.TEN) : size);
        BigDecimal rounded = small ? new BigDecimal(step, 1) : new BigDecimal(step);
        return rounded.toPlainString() + " " + UNITS.get(unit);
    }

    private static BigInteger evenNearest(BigDecimal value) {
        BigInteger floor = value.toBigInteger();
        int half = value.subtract(new BigDecimal(floor)).compareTo(new BigDecimal("0.5"));
        boolean up = half > 0 || half == 0 && floor.testBit(0);
        return up ? floor.add(BigInteger.ONE) : floor;
    }

    /** The double next to a number, found by comparing its neighbours exactly. */
    private static BigDecimal nearestDouble(BigDecimal value) {
        double near = value.doubleValue();
        BigDecimal best = new BigDecimal(near);
        for (double other : new double[] {Math.nextUp(near), Math.nextDown(near)}) {
            if (Double.isFinite(other)) {
                var candidate = new BigDecimal(other);
                boolean closer = candidate
                                .subtract(value)
                                .abs()
                                .compareTo(best.subtract(value).abs())
                        < 0;
                best = closer ? candidate : best;
            }
        }
        return best;
    }
}
