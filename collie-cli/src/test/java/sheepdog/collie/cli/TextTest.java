package sheepdog.collie.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

/** Numbers, dates and names as they are read and printed. */
class TextTest {
    @Test
    void datesHaveTheirFormsInTheZoneGiven() {
        var utc = new Dates(ZoneOffset.UTC);

        assertThat(utc.ctime(1_366_911_027L)).isEqualTo("Thu Apr 25 17:30:27 2013");
        assertThat(utc.ctime(1_365_129_027L)).isEqualTo("Fri Apr  5 02:30:27 2013");
        assertThat(utc.logTime(1_365_129_027L)).isEqualTo("Apr 05 02:30:27");
        assertThat(utc.toMinute(1_365_129_027L)).isEqualTo("2013-04-05 02:30");
        assertThat(utc.toSecond(1_365_129_027L)).isEqualTo("2013-04-05 02:30:27");
        assertThat(new Dates(ZoneId.of("America/New_York")).ctime(1_366_911_027L))
                .isEqualTo("Thu Apr 25 13:30:27 2013");
    }

    @Test
    void anyNumberOfSecondsIsADate() {
        var utc = new Dates(ZoneOffset.UTC);

        assertThat(utc.toSecond(Long.MAX_VALUE)).isNotEmpty();
        assertThat(utc.ctime(Long.MIN_VALUE)).isNotEmpty();
    }

    @Test
    void numbersEndAtTheFirstLetter() {
        assertThat(Numbers.leading(" \t-12abc"))
                .hasValueSatisfying(n -> assertThat(n).isEqualTo(-12));
        assertThat(Numbers.leading("abc")).isEmpty();
        assertThat(Numbers.leading("-")).isEmpty();
        assertThat(Numbers.leading("7000x", 1, 65535)).contains(7000);
        assertThat(Numbers.leading("70000", 1, 65535)).isEmpty();
        assertThat(Numbers.leading("99999999999999999999", 1, 65535)).isEmpty();
    }

    @Test
    void whatBeginsWithANumberIsASnapshotIdAndElseATag() {
        assertThat(SnapshotName.parse("1abc")).isEqualTo(new SnapshotName(1, ""));
        assertThat(SnapshotName.parse("v1")).isEqualTo(new SnapshotName(0, "v1"));
        assertThat(SnapshotName.parse("")).isEqualTo(SnapshotName.CURRENT);
        assertThat(SnapshotName.parse("4294967295").id()).isEqualTo(-1);
    }

    @Test
    void snapshotIdsThatCannotBeAreRefused() {
        assertThatThrownBy(() -> SnapshotName.parse("0x")).hasMessage("The snapshot id must be larger than zero");
        assertThatThrownBy(() -> SnapshotName.parse("-1")).hasMessage("Invalid snapshot id '-1'");
        assertThatThrownBy(() -> SnapshotName.parse("4294967296")).hasMessage("Invalid snapshot id '4294967296'");
    }

    @Test
    void columnsPadAndNeverCut() {
        assertThat(Columns.right(5, 12)).isEqualTo("   12");
        assertThat(Columns.left(5, "ab")).isEqualTo("ab   ");
        assertThat(Columns.left(2, "abcdef")).isEqualTo("abcdef");
    }
}
