// One thing that was done to a file under the recorded folder.
typedef struct {
  int kind;        // as in recorder.go
  int file;        // number of the file, 0 for the folder itself
  long long at;    // offset of a write, length of a truncation, for a sync's end the index of its begin, a mark's number
  long long size;  // bytes at data
  char *data;      // what was written, or a file's name
} powercut_op;

int powercut_start(const char *folder);
void powercut_mark(long long number);
void powercut_stop(powercut_op **ops, long long *count);
