package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThatCode;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Stories that failed once, and what each of them found. They are told in every build. */
class StorySeedsTest {
    @ParameterizedTest(name = "{1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "seed=40 nodes=3 zones=3 copies=3 log=CONSENSUS rough=false steps=GUEST_DIES:3261:6:95:8650,READ_FAILS!:3484:1:289:1716"
                        + " | a disk that does not give back what it took made writes come to EIO",
                "seed=58 nodes=3 zones=3 copies=3 log=CONSENSUS rough=false steps=RESET:389:1:451:301,KILL!:847:4:156:3059,ROT!:3492:0:511:223"
                        + " | a copy that a read found damaged stayed damaged",
                "seed=2 nodes=2 zones=2 copies=3 log=CONSENSUS rough=false steps=TWO_WAYS:1307:2:95:8010,SNAPSHOT:74:8:262:3767"
                        + " | of two copies on write of one object at once one undid the other",
                "seed=534866772 nodes=3 zones=3 copies=1 log=CONSENSUS rough=false steps=LEAVE!:3907:3:131:8041"
                        + " | a story promised that objects of one copy can be had without their holder",
                "seed=0 nodes=4 zones=4 copies=3 log=CONSENSUS rough=false steps=TWO_WAYS:1:2:17:4648,CLOCK:37:6:47:136,HOST_DIES!:18:6:424:40"
                        + " | a machine that died got an answer of a connection that it had left before",
                "seed=579104298 nodes=2 zones=2 copies=3 log=CONSENSUS rough=false steps=JOIN:4:6:500:1508,OWNER_SLEEPS:19:0:471:1283"
                        + " | a guest moved to a sheep that had only just been started for the first time",
            })
    void aStoryThatFailedOnceEndsWell(String story, String found) {
        assertThatCode(() -> StoryTelling.tell(Story.parse(story))).as(found).doesNotThrowAnyException();
    }
}
